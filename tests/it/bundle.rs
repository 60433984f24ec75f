//! Reading back what a run leaves.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::inert::unescaped;

/// A row of a CSV file: its cells by the names of their columns.
pub(crate) type Row = BTreeMap<String, String>;

/// A bundle of reports as a program reads it.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// `report.json`.
    pub(crate) json: Value,
    /// `secrets.csv`.
    pub(crate) secrets: Vec<Row>,
    /// `dependents.csv`.
    pub(crate) dependents: Vec<Row>,
}

impl Bundle {
    /// Reads the bundle at `directory`.
    pub(crate) fn read(directory: &Path) -> Bundle {
        Bundle {
            json: read_json(&directory.join("report.json")),
            secrets: read_csv(&directory.join("secrets.csv")),
            dependents: read_csv(&directory.join("dependents.csv")),
        }
    }

    /// Whether the report says that everything was read whole.
    pub(crate) fn is_complete(&self) -> bool {
        self.json["complete"].as_bool().unwrap()
    }

    /// The row of one secret.
    pub(crate) fn secret(&self, id: &str) -> &Row {
        let rows: Vec<&Row> = self.secrets.iter().filter(|row| unescaped(&row["secret_id"]) == id).collect();
        assert_eq!(rows.len(), 1, "one row for {id}: {rows:?}");
        rows[0]
    }

    /// The verdict on one secret.
    pub(crate) fn verdict(&self, id: &str) -> &str {
        &self.secret(id)["verdict"]
    }

    /// The rows of one secret's dependents of one type.
    pub(crate) fn dependents_of(&self, secret: &str, kind: &str) -> Vec<&Row> {
        let wanted = |row: &&Row| row["secret_id"] == secret && row["dependent_type"] == kind;
        self.dependents.iter().filter(wanted).collect()
    }

    /// The ids of one secret's dependents of one type, in the order of the file.
    pub(crate) fn ids(&self, secret: &str, kind: &str) -> Vec<&str> {
        self.dependents_of(secret, kind).into_iter().map(|row| row["dependent_id"].as_str()).collect()
    }

    /// What `report.json` says of the first workspace.
    pub(crate) fn workspace(&self) -> &Value {
        &self.json["workspaces"][0]
    }

    /// One secret's gaps in `report.json`, as `what: why`.
    pub(crate) fn gaps(&self, secret: &str) -> Vec<String> {
        let secrets = self.workspace()["secrets"].as_array().unwrap();
        let secret = secrets.iter().find(|one| one["secret_id"] == secret).unwrap();
        secret["gaps"].as_array().unwrap().iter().map(gap_in_words).collect()
    }
}

/// A gap of `report.json` as `what: why`.
pub(crate) fn gap_in_words(gap: &Value) -> String {
    format!("{}: {}", gap["what"].as_str().unwrap(), gap["why"].as_str().unwrap())
}

/// A JSON file.
pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap()
}

/// A CSV file, rows as cells by the names of their columns.
pub(crate) fn read_csv(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(fs_err::File::open(path).unwrap());
    let rows = reader.deserialize().map(|row| row.unwrap());
    rows.collect()
}

/// The names in a directory, sorted.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
