//! Writing a report: every file whole or not at all, and nothing that is not ours is touched.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::run::Outcome;

use super::File;

/// The list of what a run wrote, in the form that `sha256sum --check` reads.
pub const LIST: &str = "SHA256SUMS";

/// Writes the report into `dir/<scenario name>/` and says where each file is.
///
/// All files are first written beside their places and then renamed, so a reader never sees half of one. Files that an
/// earlier run wrote and this one does not are removed, but only if they are as that run left them: what somebody
/// changed is theirs. Fails where a folder or file cannot be made; then the files of the earlier run are untouched,
/// unless the failure comes between two renames.
pub fn write(dir: &Path, outcome: &Outcome, charts: bool) -> io::Result<Vec<PathBuf>> {
    write_with(dir, outcome, charts, 0, Vec::new())
}

/// As [`write`], with further files that are no function of the outcome, such as the scenario's text; charts are drawn by
/// so many threads, or for 0 by as many as the machine has processors.
///
/// # Errors
/// Where a folder or file cannot be made.
pub fn write_with(
    dir: &Path,
    outcome: &Outcome,
    charts: bool,
    threads: usize,
    further: Vec<File>,
) -> io::Result<Vec<PathBuf>> {
    let mut files = super::files_on(outcome, charts, threads);
    files.extend(further);
    write_files(&dir.join(&outcome.scenario.name), files)
}

/// Writes files into a folder, as [`write`] does, and says where each is.
///
/// # Errors
/// Where a folder or file cannot be made.
pub fn write_files(folder: &Path, mut files: Vec<File>) -> io::Result<Vec<PathBuf>> {
    let before = fs::read_to_string(folder.join(LIST)).unwrap_or_default();
    let list: String = files.iter().map(|file| format!("{}  {}\n", digest(&file.bytes), file.path)).collect();
    files.push(File { path: LIST.to_string(), bytes: list.into_bytes() });
    let mut unfinished = Unfinished::default();
    for file in &files {
        unfinished.prepare(&folder.join(&file.path), &file.bytes)?;
    }
    let written = unfinished.finish()?;
    remove_old(folder, &before, &files);
    Ok(written)
}

/// Writes one file beside its place, makes the folders that are missing, and renames it: whole or not at all.
///
/// # Errors
/// Where a folder or file cannot be made.
pub fn write_file(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut unfinished = Unfinished::default();
    unfinished.prepare(place, bytes)?;
    unfinished.finish().map(|_| ())
}

/// Files that are written but not yet in their places; dropped, it removes them and the folders that it made.
#[derive(Default)]
struct Unfinished {
    /// The file beside, and the place where it belongs.
    waiting: Vec<(PathBuf, PathBuf)>,
    folders: Vec<PathBuf>,
}

impl Unfinished {
    fn prepare(&mut self, place: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(folder) = place.parent() {
            self.make_folder(folder)?;
        }
        let mut name = OsString::from(".");
        name.push(place.file_name().unwrap_or_default());
        name.push(".part");
        let beside = place.with_file_name(name);
        self.waiting.push((beside.clone(), place.to_path_buf()));
        let mut file = fs::File::create(&beside).map_err(|error| at(&beside, error))?;
        file.write_all(bytes).and_then(|()| file.sync_data()).map_err(|error| at(&beside, error))
    }

    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> =
            folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        for path in missing.into_iter().rev() {
            match fs::create_dir(path) {
                Ok(()) => self.folders.push(path.to_path_buf()),
                // Another run may have made it just now.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                Err(error) => return Err(at(path, error)),
            }
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<Vec<PathBuf>> {
        let mut written = Vec::with_capacity(self.waiting.len());
        while !self.waiting.is_empty() {
            let (beside, place) = &self.waiting[0];
            fs::rename(beside, place).map_err(|error| at(place, error))?;
            written.push(self.waiting.remove(0).1);
        }
        self.folders.clear();
        Ok(written)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // The error that led here is reported by the caller; what cannot be removed stays.
        for (beside, _) in &self.waiting {
            let _ = fs::remove_file(beside);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn remove_old(folder: &Path, list: &str, files: &[File]) {
    let listed: BTreeMap<&str, &str> =
        list.lines().filter_map(|line| line.split_once("  ")).map(|(digest, path)| (path, digest)).collect();
    for (path, listed_digest) in listed {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || files.iter().any(|file| file.path == path) {
            continue;
        }
        let old = folder.join(path);
        let untouched = fs::read(&old).is_ok_and(|bytes| digest(&bytes) == listed_digest);
        if untouched && fs::remove_file(&old).is_ok() {
            // A folder that is now empty goes too, but not the report's own.
            let parent = old.parent().filter(|parent| *parent != folder);
            let _ = parent.map(fs::remove_dir);
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
