// Runs the rendered scripts in PineTS, a Pine runtime that is not ours, over tests/fixtures/bars/bars.csv,
// and writes what they send to tests/fixtures/bars/recorded.jsonl:
//
//     npm install --no-save pinets@0.9.34 && node pine/check/record.mjs
//
// Every alert of the Strategy, and every 150th of the Scout. Bars of the past are never real time: so that
// the Scout's looks can be seen, its window and its clock are replaced, and nothing else.
import fs from 'node:fs';
import { PineTS } from 'pinets';

const BARS = 'tests/fixtures/bars/bars.csv';
const OUT = 'tests/fixtures/bars/recorded.jsonl';
const SPARSE = 150;
const CHARTS = [
  ['BANK_NIFTY', 'BANKNIFTY', 75, 0.2],
  ['GOLD_MINI', 'GOLDM', 60, 1],
  ['SILVER_MINI', 'SILVERM', 60, 1],
  ['COPPER', 'COPPER', 75, 0.05],
];

function rows(minutes) {
  const lines = fs.readFileSync(BARS, 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => {
    const [time, open, high, low, close, volume] = line.split(',');
    const openTime = Date.parse(time);
    const numbers = { open: +open, high: +high, low: +low, close: +close, volume: +volume };
    return { openTime, closeTime: openTime + minutes * 60000, ...numbers };
  });
}

async function alerts(text, [, root, minutes, mintick]) {
  const bars = rows(minutes);
  const info = { root, ticker: `${root}1!`, tickerid: `IN:${root}1!`, main_tickerid: `IN:${root}1!`, prefix: 'IN', mintick, minmove: 1, pricescale: 1 / mintick, pointvalue: 1, timezone: 'Asia/Kolkata', type: 'futures', currency: 'INR', session: '24x7', description: root };
  const provider = { configure() {}, getMarketData: async () => bars, getSymbolInfo: async () => info };
  const runtime = new PineTS(provider, info.tickerid, String(minutes), bars.length);
  runtime.setAlertMode('all');
  const context = await runtime.run(text);
  return context.alerts.map((alert) => alert.message);
}

const out = [];
for (const chart of CHARTS) {
  const file = (word) => fs.readFileSync(`pine/${chart[0].toLowerCase()}_${word}.pine`, 'utf8');
  out.push(...await alerts(file('strategy'), chart));
  const sparse = (all) => all.filter((_, number) => number % SPARSE === 0);
  const scout = file('scout');
  out.push(...sparse((await alerts(scout, chart)).filter((text) => text.includes('MARKET_DATA'))));
  const looking = scout.replaceAll('timenow', 'time_close').replace('barstate.isrealtime and in_window', 'true');
  out.push(...sparse((await alerts(looking, chart)).filter((text) => text.includes('EOD_MONITOR'))));
}
fs.writeFileSync(OUT, out.map((text) => text + '\n').join(''));
console.log(`${out.length} alerts`);
