//! Bars in Parquet, turned into the table that the same bars in CSV would be.
//!
//! What is read after that is read by the same rules: times without a zone are Indian, prices are the
//! shortest text of their number. Columns that are none of a bar's are not looked at.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use chrono::{DateTime, NaiveDate};
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;

/// What columns of a bar are called, and the unnamed index that pandas writes.
const COLUMNS: [&str; 14] = [
    "time",
    "date",
    "datetime",
    "timestamp",
    "open",
    "o",
    "high",
    "h",
    "low",
    "l",
    "close",
    "c",
    "atr",
    INDEX,
];

/// How pandas calls an index that has no name.
const INDEX: &str = "__index_level_0__";

/// The most rows that are read: ten years of minutes.
const ROWS_MAX: i64 = 2_000_000;

/// How a whole number says a time.
#[derive(Clone, Copy)]
struct Clock {
    per_second: i64,
    /// Whether it has a zone; else the chart's clock shows it.
    zoned: bool,
}

/// Returns whether a file is meant to be Parquet.
pub(super) fn is_meant(file: &str) -> bool {
    let end = Path::new(file).extension();
    end.is_some_and(|end| end.eq_ignore_ascii_case("parquet"))
}

/// Reads a file as the text of a CSV file with the same columns.
pub(super) fn as_csv(file: &str) -> anyhow::Result<String> {
    let opened = File::open(file).with_context(|| format!("{file} cannot be read"))?;
    let reader = SerializedFileReader::new(opened)
        .with_context(|| format!("{file} is no Parquet file that can be read"))?;
    let about = reader.metadata().file_metadata();
    if about.num_rows() > ROWS_MAX {
        bail!("{file} has more than {ROWS_MAX} rows");
    }
    let known = |name: &str| COLUMNS.contains(&name.to_ascii_lowercase().as_str());
    let fields = about.schema().get_fields().iter();
    let fields: Vec<Arc<Type>> = fields
        .filter(|field| known(field.name()))
        .cloned()
        .collect();
    let clocks: Vec<Option<Clock>> = fields.iter().map(|field| clock(field)).collect();
    let heads: Vec<String> = fields.iter().map(|field| head(field.name())).collect();
    let wanted = Type::group_type_builder(about.schema().name())
        .with_fields(fields)
        .build()?;
    let mut lines = vec![heads.join(",")];
    let unreadable =
        || format!("{file} cannot be read: OHLC in snappy or without compression, please");
    for row in reader.get_row_iter(Some(wanted)).with_context(unreadable)? {
        let row = row.with_context(unreadable)?;
        let cells = row.get_column_iter().zip(&clocks);
        let cells = cells.map(|((name, field), clock)| {
            cell(field, *clock).ok_or_else(|| anyhow!("{file}: {name} holds {field}"))
        });
        lines.push(cells.collect::<anyhow::Result<Vec<String>>>()?.join(","));
    }
    Ok(lines.join("\n"))
}

fn head(name: &str) -> String {
    if name == INDEX {
        return "time".to_owned();
    }
    name.to_ascii_lowercase()
}

/// Returns how whole numbers of a column say a time; nothing where they are numbers.
fn clock(column: &Type) -> Option<Clock> {
    let logical = column.get_basic_info().logical_type_ref()?;
    let LogicalType::Timestamp(time) = logical else {
        return None;
    };
    let per_second = match time.unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    };
    Some(Clock {
        per_second,
        zoned: time.is_adjusted_to_u_t_c,
    })
}

impl Clock {
    fn text(self, number: i64) -> Option<String> {
        let seconds = number.checked_div_euclid(self.per_second)?;
        if self.zoned {
            return Some(seconds.to_string());
        }
        let shown = DateTime::from_timestamp(seconds, 0)?.naive_utc();
        Some(shown.format("%Y-%m-%d %H:%M:%S").to_string())
    }
}

/// Returns a value as a cell of a CSV file.
fn cell(field: &Field, clock: Option<Clock>) -> Option<String> {
    match (field, clock) {
        (Field::Null, _) => Some(String::new()),
        (
            Field::Long(number) | Field::TimestampMillis(number) | Field::TimestampMicros(number),
            Some(clock),
        ) => clock.text(*number),
        (Field::TimestampMillis(millis), None) => Some(millis.div_euclid(1_000).to_string()),
        (Field::TimestampMicros(micros), None) => Some(micros.div_euclid(1_000_000).to_string()),
        (Field::Long(number), None) => Some(number.to_string()),
        (Field::Int(number), None) => Some(number.to_string()),
        (Field::Float(number), None) => Some(number.to_string()),
        (Field::Double(number), None) => Some(number.to_string()),
        (Field::Date(days), None) => Some(NaiveDate::from_epoch_days(*days)?.to_string()),
        (Field::Str(text), None) if !text.contains(['"', ',', '\n', '\r']) => Some(text.clone()),
        (Field::Decimal(_), None) => Some(field.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use parquet::basic::Compression;
    use parquet::data_type::{DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::history::bars::Bars;

    /// Two bars of a quarter of an hour, from a moment in this unit on.
    fn written(name: &str, (time, per_second, from): (&str, i64, i64)) -> PathBuf {
        let prices = ["Open", "High", "Low", "Close", "Volume"];
        let columns = prices
            .map(|name| format!("REQUIRED DOUBLE {name};"))
            .join(" ");
        let schema = format!("message bars {{ REQUIRED INT64 {time}; {columns} }}");
        let schema = Arc::new(parse_message_type(&schema).unwrap());
        let place = format!("torana-{}-{name}.parquet", std::process::id());
        let place = std::env::temp_dir().join(place);
        let packed = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let file = File::create(&place).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(packed.build())).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let times = [from, from + 900].map(|second| second * per_second);
        let typed = column.typed::<Int64Type>();
        typed.write_batch(&times, None, None).unwrap();
        column.close().unwrap();
        let rows = [
            [100.05, 101.0, 99.95, 100.1, 7.0],
            [100.1, 100.25, 100.0, 100.2, 0.5],
        ];
        for place in 0..prices.len() {
            let mut column = group.next_column().unwrap().unwrap();
            let values = rows.map(|row| row[place]);
            let typed = column.typed::<DoubleType>();
            typed.write_batch(&values, None, None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
        place
    }

    #[test]
    fn bars_of_parquet_are_those_of_the_same_csv() {
        // 09:15 in India, which is 03:45 UTC
        let from = 1_795_059_900;
        let indian = from + 19_800;
        let csv = "time,open,high,low,close\n\
                   2026-11-19 09:15,100.05,101,99.95,100.1\n\
                   2026-11-19 09:30,100.1,100.25,100,100.2";
        let expected = Bars::read(csv).unwrap();
        assert_eq!(expected.all[0].at.timestamp(), from);
        for (name, column) in [
            (
                "naive",
                ("time (TIMESTAMP(NANOS,false))", 1_000_000_000, indian),
            ),
            ("zoned", ("date (TIMESTAMP(MICROS,true))", 1_000_000, from)),
            ("millis", ("timestamp (TIMESTAMP_MILLIS)", 1_000, from)),
            (
                "index",
                (
                    "__index_level_0__ (TIMESTAMP(NANOS,true))",
                    1_000_000_000,
                    from,
                ),
            ),
            ("seconds", ("timestamp", 1, from)),
        ] {
            let place = written(name, column);
            let file = place.to_str().unwrap();
            assert!(is_meant(file) && !is_meant("bars.csv"));
            let text = as_csv(file).unwrap();
            std::fs::remove_file(&place).unwrap();
            assert_eq!(Bars::read(&text).unwrap(), expected, "{name}: {text}");
        }
    }

    #[test]
    fn what_is_no_parquet_is_refused_with_its_name() {
        let place = std::env::temp_dir().join(format!("torana-{}-no.parquet", std::process::id()));
        std::fs::write(&place, "time,open\n").unwrap();
        let said = as_csv(place.to_str().unwrap()).unwrap_err().to_string();
        std::fs::remove_file(&place).unwrap();
        assert!(said.contains("-no.parquet is no Parquet file"), "{said}");
    }
}
