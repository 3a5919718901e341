//! The threads that own the connections, the queues to them, and how a caller waits for an answer.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tracing::Instrument as _;

use crate::store::StoreError;
use crate::store::figures::{StoreFigures, StoreReading};
use crate::store::sqlite::engine::checkpoint;
use crate::store::sqlite::engine::job::{CatchUp, Job, job, unavailable};
use crate::store::sqlite::engine::open::{self, OpenError};
use crate::store::sqlite::engine::queue::Queue;
use crate::store::sqlite::engine::readers::Readers;
use crate::store::sqlite::engine::writer::{self, Progress};

/// The running threads of one open database.
pub(in crate::store::sqlite) struct Threads {
    reads: Arc<Queue<Job>>,
    writes: Arc<Queue<Job>>,
    checkpoints: Arc<Queue<()>>,
    progress: Arc<Progress>,
    readers: Arc<Readers>,
    stop: Arc<AtomicBool>,
    /// The writer first.
    running: Vec<JoinHandle<()>>,
    /// Held until the last commit is made.
    _lock: Option<File>,
}

impl Threads {
    /// Starts the writer on `db`, and connections of their own for the readers and the checkpointer.
    pub(in crate::store::sqlite) fn for_file(
        db: Connection,
        lock: Option<File>,
        path: &Path,
    ) -> Result<Self, OpenError> {
        if lock.is_some() && checkpoint::is_litestreams(&db) {
            tracing::info!(
                "Litestream copies this database: when the write-ahead log starts over is left to it"
            );
        }
        let mut threads = Self::idle(lock, Arc::new(Queue::new(QUEUE)));
        let wakes = Arc::clone(&threads.checkpoints);
        let mut log = checkpoint::Watch::new(Arc::clone(&wakes), Arc::clone(threads.figures()));
        threads.start_writer(db, move |db| log.after_batch(db))?;
        let count = thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
        threads.readers = Arc::new(Readers::new(count));
        for reader in 0..count {
            let mut db = open::connect(path)?;
            let (reads, readers) = (Arc::clone(&threads.reads), Arc::clone(&threads.readers));
            threads.start("read", move || {
                if let Err(error) = readers.read(reader, &mut db, &reads) {
                    tracing::error!(%error, "a reader of the database has ended");
                }
            })?;
        }
        let (readers, stop) = (Arc::clone(&threads.readers), Arc::clone(&threads.stop));
        threads.start("watch", move || readers.watch(&stop))?;
        let (db, figures) = (open::connect(path)?, Arc::clone(threads.figures()));
        threads.start("checkpoint", move || checkpoint::run(&db, &wakes, &figures))?;
        Ok(threads)
    }

    /// Starts the writer alone, which reads too: a database in memory has one connection.
    pub(in crate::store::sqlite) fn in_memory(db: Connection) -> Result<Self, OpenError> {
        let mut threads = Self::idle(None, Arc::new(Queue::new(QUEUE)));
        threads.reads = Arc::clone(&threads.writes);
        threads.start_writer(db, |_| {})?;
        Ok(threads)
    }

    /// Starts one reader, and nothing that writes.
    pub(in crate::store::sqlite) fn to_look(mut db: Connection) -> Result<Self, OpenError> {
        let mut threads = Self::idle(None, Arc::new(Queue::new(QUEUE)));
        threads.writes.close();
        threads.readers = Arc::new(Readers::new(1));
        let (reads, readers) = (Arc::clone(&threads.reads), Arc::clone(&threads.readers));
        threads.start("read", move || {
            if let Err(error) = readers.read(0, &mut db, &reads) {
                tracing::error!(%error, "the reader of the database has ended");
            }
        })?;
        let (readers, stop) = (Arc::clone(&threads.readers), Arc::clone(&threads.stop));
        threads.start("watch", move || readers.watch(&stop))?;
        Ok(threads)
    }

    fn idle(lock: Option<File>, writes: Arc<Queue<Job>>) -> Self {
        Self {
            reads: Arc::new(Queue::new(QUEUE)),
            writes,
            checkpoints: Arc::new(Queue::new(1)),
            progress: Arc::new(Progress::new()),
            readers: Arc::new(Readers::new(0)),
            stop: Arc::new(AtomicBool::new(false)),
            running: Vec::new(),
            _lock: lock,
        }
    }

    fn start_writer(
        &mut self,
        db: Connection,
        after_batch: impl FnMut(&Connection) + Send + 'static,
    ) -> Result<(), OpenError> {
        let (writes, progress) = (Arc::clone(&self.writes), Arc::clone(&self.progress));
        self.start("write", move || writer::run(&db, &writes, &progress, after_batch))?;
        let (progress, stop) = (Arc::clone(&self.progress), Arc::clone(&self.stop));
        self.start("watch", move || writer::watch_for_stalls(&progress, &stop))
    }

    fn start(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let thread = thread::Builder::new()
            .name(format!("countersign-{name}"))
            .spawn(body)
            .map_err(|error| open::other(Path::new(name), error))?;
        self.running.push(thread);
        Ok(())
    }

    pub(in crate::store::sqlite) fn figures(&self) -> &Arc<StoreFigures> {
        self.progress.figures()
    }

    /// What was done, and what waits.
    pub(in crate::store::sqlite) fn reading(&self) -> StoreReading {
        let own_reads = if Arc::ptr_eq(&self.reads, &self.writes) { 0 } else { self.reads.len() };
        let waiting = self.writes.len() + own_reads;
        StoreReading { figures: Arc::clone(self.figures()), waiting, is_stalled: self.is_stalled() }
    }

    /// Whether the last batch of writes could not be committed.
    pub(in crate::store::sqlite) fn last_write_failed(&self) -> bool {
        self.progress.has_failed()
    }

    /// Whether a batch of writes is taking longer than any disk should.
    pub(in crate::store::sqlite) fn is_stalled(&self) -> bool {
        *self.progress.stalled().borrow()
    }

    /// Reads something; answers when it is read, or when the disk has not answered for two seconds or so. `verb` names
    /// it in the log and in errors.
    pub(in crate::store::sqlite) async fn read<T, F>(
        &self,
        verb: &'static str,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let answer = async {
            let mut held_up = self.readers.held_up();
            if held_up.borrow_and_update().all() {
                return Err(StoreError::Overloaded);
            }
            let (job, mut ticket) = job(verb, work, None);
            self.reads.push(job).map_err(|_| StoreError::Overloaded)?;
            loop {
                if let Some(answer) = ticket.answer_or(held_up.changed()).await {
                    return answer.map_err(|_| unavailable(verb, CLOSED))?;
                }
                if held_up.borrow_and_update().holds(ticket.thread()) {
                    ticket.withdraw();
                    return Err(unavailable(verb, STALLED));
                }
            }
        };
        answer.instrument(tracing::debug_span!("store", verb)).await
    }

    /// Changes something; answers after the commit, or when the disk has not answered for two seconds or so.
    pub(in crate::store::sqlite) async fn write<T, F>(
        &self,
        verb: &'static str,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.write_or_catch_up(verb, work, None).await
    }

    /// The same, with what is to be done if the disk commits it after all, when nobody waits for it any more.
    pub(in crate::store::sqlite) async fn write_or_catch_up<T, F>(
        &self,
        verb: &'static str,
        work: F,
        catch_up: Option<CatchUp<T>>,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let answer = async {
            let mut stalled = self.progress.stalled();
            if *stalled.borrow_and_update() {
                return Err(StoreError::Overloaded);
            }
            let (job, mut ticket) = job(verb, work, catch_up);
            self.writes.push(job).map_err(|_| StoreError::Overloaded)?;
            if let Some(answer) = ticket.answer_or(stalled.changed()).await {
                return answer.map_err(|_| unavailable(verb, CLOSED))?;
            }
            ticket.withdraw();
            Err(unavailable(verb, STALLED))
        };
        answer.instrument(tracing::debug_span!("store", verb)).await
    }
}

/// The writer's connection closes last and alone: so SQLite moves the whole log into the database, and a stopped server
/// leaves one file. Of two that close at once, each leaves that to the other.
impl Drop for Threads {
    fn drop(&mut self) {
        self.reads.close();
        self.checkpoints.close();
        self.stop.store(true, Ordering::SeqCst);
        let mut running = self.running.drain(..);
        let writer = running.next();
        running.for_each(end);
        self.writes.close();
        writer.into_iter().for_each(end);
    }
}

fn end(thread: JoinHandle<()>) {
    thread.thread().unpark();
    // A thread that panicked has nothing left to do.
    let _ = thread.join();
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("progress", &self.progress).finish_non_exhaustive()
    }
}

/// So many operations may wait; at ten thousand a second that is a tenth of a second of work.
const QUEUE: usize = 1024;
const CLOSED: &str = "the database is closed";
const STALLED: &str = "the disk does not answer, or another program holds the database";
