//! No two files of the program need each other, be it by way of others. What a file needs is where the names that it uses
//! are defined: one that only hands on names (`pub use`) needs none of them. A method that is called and not named, and what
//! stands in a macro, are not seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use syn::{ItemMod, ItemUse, UseTree, Visibility, visit::Visit};

/// A module, or a name in one, by its path from the root.
type Name = Vec<String>;

/// What a file imports, by the name that it has there, the paths that stand in it, and the files below it.
#[derive(Default)]
struct File {
    imports: BTreeMap<String, Name>,
    paths: BTreeSet<Name>,
    below: Vec<String>,
}

impl File {
    fn import(&mut self, tree: &UseTree, above: &[String], is_used: bool) {
        let (path, name) = match tree {
            UseTree::Path(path) => {
                return self.import(&path.tree, &[above, &[path.ident.to_string()]].concat(), is_used);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(tree, above, is_used));
            }
            UseTree::Name(name) if name.ident == "self" => (above.to_vec(), above[above.len() - 1].clone()),
            UseTree::Name(name) => ([above, &[name.ident.to_string()]].concat(), name.ident.to_string()),
            UseTree::Rename(name) => ([above, &[name.ident.to_string()]].concat(), name.rename.to_string()),
            UseTree::Glob(_) => {
                self.paths.insert(above.to_vec());
                return;
            }
        };
        self.paths.extend(is_used.then(|| path.clone()));
        self.imports.insert(name, path);
    }
}

impl<'a> Visit<'a> for File {
    fn visit_item_use(&mut self, item: &'a ItemUse) {
        self.import(&item.tree, &[], matches!(item.vis, Visibility::Inherited));
    }

    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        self.below.extend(Some(item.ident.to_string()).filter(|name| name != "tests"));
    }

    // Its path is no need.
    fn visit_visibility(&mut self, _: &'a Visibility) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.paths.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
}

fn read(module: &[String], path: &Path, directory: &Path, files: &mut BTreeMap<Name, File>) {
    let mut file = File::default();
    file.visit_file(&syn::parse_file(&fs_err::read_to_string(path).unwrap()).unwrap());
    for name in &file.below {
        let (beside, below) = (directory.join(format!("{name}.rs")), directory.join(name));
        let path = if beside.exists() { beside } else { below.join("mod.rs") };
        read(&[module, std::slice::from_ref(name)].concat(), &path, &below, files);
    }
    files.insert(module.to_vec(), file);
}

/// The file in which what a path leads to is defined, seen from another. `None`: it leads out of the program.
fn defined_in(
    files: &BTreeMap<Name, File>,
    from: &[String],
    path: &[String],
    is_from_afar: bool,
) -> Option<Name> {
    let Some((first, rest)) = path.split_first() else { return Some(from.to_vec()) };
    let below = [from, std::slice::from_ref(first)].concat();
    match (first.as_str(), files[from].imports.get(first)) {
        ("crate", _) => defined_in(files, &[], rest, true),
        ("super", _) => defined_in(files, &from[..from.len() - 1], rest, true),
        ("self", _) => defined_in(files, from, rest, true),
        _ if files.contains_key(&below) => defined_in(files, &below, rest, true),
        (_, Some(import)) if import[0] != *first => {
            defined_in(files, from, &[import, rest].concat(), is_from_afar)
        }
        _ => is_from_afar.then(|| from.to_vec()),
    }
}

fn no_circle_in(source: &str) {
    let (source, mut files) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(source), BTreeMap::new());
    read(&[], &source.join("lib.rs"), &source, &mut files);
    let needed_by = |(name, file): (&Name, &File)| {
        let needed = file.paths.iter().filter_map(|path| defined_in(&files, name, path, false));
        (name.join("::"), needed.filter(|needed| needed != name).map(|needed| needed.join("::")).collect())
    };
    let mut left: BTreeMap<String, BTreeSet<String>> = files.iter().map(needed_by).collect();
    // What needs nothing that is left, or is needed by nothing that is, is in no circle.
    while let Some(free) = left
        .iter()
        .find(|(name, needed)| needed.is_empty() || !left.values().any(|needed| needed.contains(*name)))
        .map(|(name, _)| name.clone())
    {
        left.remove(&free);
        for needed in left.values_mut() {
            needed.remove(&free);
        }
    }
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn no_file_needs_one_that_needs_it() {
    no_circle_in("src");
    no_circle_in("crates/simulator/src");
}
