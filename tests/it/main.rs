//! The program from outside: a simulated API at one end, files and exit codes at the other.
//!
//! One binary, so that it links once. Nothing here sleeps to wait for something, and nothing depends on the
//! hour, the zone or the speed of the machine. Later versions ask further endpoints, hence requests are always
//! counted by endpoint and columns are found by their header.
//!
//! | file | subject |
//! |---|---|
//! | `support`, `bundle` | what all of them share: runs, and reading back what they leave |
//! | `raw`, `tls` | servers with worse manners than the simulator, and with certificates |
//! | `walk` | the pages of the list of secrets |
//! | `limits` | lists at, around and beyond the limits |
//! | `dependents` | what becomes of each dependent |
//! | `gaps` | what could not be read, and what is still said |
//! | `faults` | bad answers, broken connections and refused keys |
//! | `nights` | nights that publish into one directory, for the following |
//! | `verify`, `tampering`, `forged` | what is sound is called so, and what is not is found |
//! | `oversized` | files that are larger than they should be, or none at all |
//! | `sums` | what a manifest says of how a bundle came about, and its sums |
//! | `retention` | which bundles are removed, and what then still tells of them |
//! | `timeline` | on which dates the audit ran |
//! | `months` | what each night of sixteen months knows of those before it |
//! | `changes`, `no_change` | what is different from the last complete audit, and what is not |
//! | `earlier` | which earlier bundle an audit builds on |
//! | `waivers`, `policy` | findings that somebody accepted, and what `--fail-on` names |
//! | `diff` | what is different between two bundles |
//! | `render` | the reports once more, byte for byte |
//! | `redaction` | telephone numbers made unreadable |
//! | `sample` | the sample in the repository |
//! | `places` | worlds in which a place holds a secret, for the following |
//! | `references`, `scan_pages`, `unread` | places that can hold a secret: found, read to the end, not read |
//! | `inspection` | when tools, agents and branches are looked into |
//! | `mentions` | ids of secrets in forms that no document shows |
//! | `shifting` | lists whose elements move while they are walked |
//! | `view` | what the key may see |
//! | `made_up` | workspaces with each secret in some place and form, or in none |
//! | `lookups`, `confirmation` | secrets that are asked for by themselves |
//! | `mistaken` | answers that are something else than what was asked for |
//! | `discrepancies` | two parts of the API that tell different things |
//! | `population` | a key that sees fewer secrets than before |
//! | `clock` | a clock that is off |
//! | `completeness` | the completeness statement, its figures, and the demo |
//! | `retries`, `congestion` | what is tried again, how often and when; refusals with 429 |
//! | `bounds` | the most that a server may send, and the longest that it may take |
//! | `kept` | how much of what is read is kept, and what it comes to where that is too much |
//! | `kept_parts` | the same of the parts that come in the greatest number or the longest pieces |
//! | `rules` | rules that no other test guards: lists, pages and branches that contradict themselves |
//! | `schema_answers` | whole workspaces made from the schemas of the vendor's document |
//! | `cases` | answers on which the audit once said something wrong, each a small file |
//! | `restarts` | cursors that are refused midway, and empty pages, of every list |
//! | `malformed` | JSON that is not what the document says, on every way in |
//! | `ids` | ids as one segment of a path |
//! | `addresses`, `proxies` | addresses that are taken, certificates; what goes by way of a proxy |
//! | `requests`, `needed` | what is sent, how much at once, and how much altogether |
//! | `connections` | how many there are, and of which version of HTTP |
//! | `workspaces` | several workspaces in one bundle |
//! | `csv_options` | what the configuration makes of CSV files |
//! | `publish` | the files and directories that a run leaves |
//! | `metrics` | `metrics.prom`, and the file that a monitoring agent reads |
//! | `schema` | the published JSON Schema of `report.json` |
//! | `totals` | the totals of all formats agree |
//! | `snapshots` | every report, word by word |
//! | `hostile`, `hostile_logs`, `hostile_properties`, `inert` | names that nobody should have, in every format |
//! | `active` | a report in which every text is such a name |
//! | `html`, `html_over_time` | `report.html`, read back as a browser would |
//! | `browser` | `report.html` in Chromium: what it does, asks for and prints |
//! | `big_report` | a workspace that is too big for `report.md` |
//! | `unreadable` | bundles of another user, or of a disk that fails: told, waited for, and never taken for none |
//! | `taken_back` | publishing that fails twice, and names that are brought to the disk |
//! | `disk`, `filesystems` | disks that fail or are full; file systems that lack something |
//! | `processes` | runs that are killed, a lock that is held |
//! | `streams` | streams that are closed or full |
//! | `reasons` | why a night ended so, on standard error |
//! | `binary`, `check`, `checkup` | command lines, streams and exit codes; whether a night would succeed |
//! | `circles` | the sources: no two files need each other |
//! | `docs`, `doc_commands`, `configuration` | what the documentation names exists, its commands work, and settings are explained as they are |
//! | `deploy` | what runs the program every night |
//! | `signals` | what ends a run halfway |
//! | `config`, `example` | flags, environment and file, and the example of one |
//! | `init` | a first configuration, from answers |
//! | `key_sources`, `key`, `key_echoes`, `key_answers` | where a key may come from, and that it appears nowhere |
//! | `key_misplaced` | a key where something else belongs |

#![expect(clippy::unwrap_used, reason = "in a helper of a test, a surprise is a failure of the test")]
#![expect(clippy::panic, reason = "in a helper of a test, a surprise is a failure of the test")]
#![expect(clippy::print_stdout, reason = "a test that this machine cannot run says so")]

mod active;
mod addresses;
mod big_report;
mod binary;
mod bounds;
mod browser;
mod bundle;
mod cases;
mod changes;
mod check;
mod checkup;
mod circles;
mod clock;
mod completeness;
mod config;
mod configuration;
mod confirmation;
mod congestion;
mod connections;
mod csv_options;
mod dependents;
mod deploy;
mod diff;
mod discrepancies;
mod disk;
mod doc_commands;
mod docs;
mod earlier;
mod example;
mod faults;
mod filesystems;
mod first;
mod forged;
mod gaps;
mod hostile;
mod hostile_logs;
mod hostile_properties;
mod html;
mod html_over_time;
mod ids;
mod inert;
mod init;
mod inspection;
mod kept;
mod kept_parts;
mod key;
mod key_answers;
mod key_echoes;
mod key_misplaced;
mod key_sources;
mod limits;
mod lookups;
mod made_up;
mod malformed;
mod mentions;
mod metrics;
mod mistaken;
mod months;
mod needed;
mod nights;
mod no_change;
mod oversized;
mod places;
mod policy;
mod population;
mod processes;
mod proxies;
mod publish;
mod raw;
mod reasons;
mod redaction;
mod references;
mod render;
mod requests;
mod restarts;
mod retention;
mod retries;
mod rules;
mod sample;
mod scan_pages;
mod schema;
mod schema_answers;
mod shifting;
mod signals;
mod snapshots;
mod streams;
mod sums;
mod support;
mod taken_back;
mod tampering;
mod timeline;
mod tls;
mod totals;
mod unread;
mod unreadable;
mod unshared;
mod verify;
mod view;
mod waivers;
mod walk;
mod workspaces;
