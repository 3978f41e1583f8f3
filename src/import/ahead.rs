//! Reads a file ahead of those who save it, on a thread of its own: while Postgres works on one page of rows the next is being parsed.
//!
//! Used by `import::run`. Holds at most three pages, whatever the file's size; ends when nobody takes them any more.

use std::{io::Read, thread};

use tokio::sync::mpsc;

use super::{BadFile, HomeFile, Row};

/// Some rows in their order, and how far into the file that is.
pub(super) struct Page {
    pub rows: Vec<Row>,
    /// Bytes of the file that were read.
    pub bytes: u64,
    /// There is no more: the file's end, or why nothing after this can be read.
    pub end: Option<Result<(), BadFile>>,
}

/// Rows of a file, read by a thread.
pub(super) struct Ahead {
    pages: mpsc::Receiver<Page>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Ahead {
    /// Pages of so many homes each. What is refused counts a quarter: a file of nothing else fills no memory either.
    pub fn of<R: Read + Send + 'static>(file: HomeFile<'static, R>, homes: usize) -> std::io::Result<Self> {
        let (give, pages) = mpsc::channel(1);
        let reader = thread::Builder::new().name("import".into()).spawn(move || read(file, homes, &give))?;
        Ok(Self { pages, reader: Some(reader) })
    }

    /// The next page; the last one has an end. A panic of the reader is ours.
    pub async fn page(&mut self) -> Page {
        if let Some(page) = self.pages.recv().await {
            return page;
        }
        if let Some(Err(panic)) = self.reader.take().map(thread::JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
        Page { rows: Vec::new(), bytes: 0, end: Some(Ok(())) }
    }
}

fn read<R: Read>(mut file: HomeFile<'_, R>, homes: usize, give: &mpsc::Sender<Page>) {
    loop {
        let (mut rows, mut weight, mut end) = (Vec::with_capacity(homes), 0, None);
        while weight < 4 * homes && end.is_none() {
            match file.next() {
                Some(Ok(row)) => {
                    weight += if row.home.is_ok() { 4 } else { 1 };
                    rows.push(row);
                }
                Some(Err(bad)) => end = Some(Err(bad)),
                None => end = Some(Ok(())),
            }
        }
        let last = end.is_some();
        let page = Page { rows, bytes: file.bytes(), end };
        if give.blocking_send(page).is_err() || last {
            return; // nobody takes it any more, or that was all
        }
    }
}
