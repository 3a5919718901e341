/* A disk that fails when it is told to, and that remembers in which order it was written: preloaded into the real binary
 * (LD_PRELOAD), between SQLite and the C library. Only the database's own files are watched. What to do is in a file of
 * 64-bit numbers that the test and this library both have mapped or open; its layout is repeated in mod.rs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct control {
    uint64_t fail_at;    /* the operation, counted from 1, that fails; 0: none */
    uint64_t operations; /* how many there were */
    uint64_t error;      /* errno, or TORN: half is written, then the disk is full */
    uint64_t every;      /* after the first failure every so many operations fail too; 0: none */
    uint64_t failures;   /* how many failed */
    uint64_t record;     /* whether every change is appended to the log */
    uint64_t log_length; /* how long the log is */
    uint64_t stalled;    /* whether reads wait until it is zero again */
};

struct record { /* the head of each entry of the log */
    uint64_t kind;   /* WRITE: the bytes follow; TRUNCATE: to offset; SYNC: of all that was logged before offset */
    uint64_t file;   /* 1: the database, 2: its write-ahead log, 3: its rollback journal */
    uint64_t offset;
    uint64_t length;
};

enum { TORN = 1000 };
enum { WRITE = 1, TRUNCATE = 2, SYNC = 3 };
enum { FILES = 65536 };

static struct control *control;
static int log_fd = -1;
static unsigned char watched[FILES]; /* by descriptor: which file of the database, or 0 */
static pthread_mutex_t in_order = PTHREAD_MUTEX_INITIALIZER;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
    real_open = dlsym(RTLD_NEXT, "open64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_pread = dlsym(RTLD_NEXT, "pread64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    const char *path = getenv("DISK_CONTROL"), *log = getenv("DISK_LOG");
    int fd = path ? real_open(path, O_RDWR) : -1;
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) abort(); /* a test that believes in a failing disk must not pass on a good one */
    control = mapped;
    log_fd = log ? real_open(log, O_WRONLY | O_APPEND) : -1;
}

static int which(int fd) { return fd >= 0 && fd < FILES ? watched[fd] : 0; }

static int opened(int fd, const char *path) {
    static const char *const endings[] = {"countersign.db", "countersign.db-wal", "countersign.db-journal", "countersign.db.snapshot"};
    if (fd < 0 || fd >= FILES) return fd;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    watched[fd] = 0;
    for (int i = 0; i < 4; i++)
        if (strcmp(name, endings[i]) == 0) watched[fd] = (unsigned char)(i + 1);
    return fd;
}

static int mode_of(int flags, va_list rest) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; }

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = mode_of(flags, rest);
    va_end(rest);
    return opened(real_open(path, flags, mode), path);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = mode_of(flags, rest);
    va_end(rest);
    return opened(real_open(path, flags, mode), path);
}

int close(int fd) {
    if (which(fd)) watched[fd] = 0;
    return real_close(fd);
}

/* Counts an operation; says with which error it fails, or 0. */
static uint64_t fails(void) {
    uint64_t number = __atomic_add_fetch(&control->operations, 1, __ATOMIC_SEQ_CST);
    uint64_t at = __atomic_load_n(&control->fail_at, __ATOMIC_SEQ_CST);
    uint64_t every = __atomic_load_n(&control->every, __ATOMIC_SEQ_CST);
    if (at == 0 || number < at || (number > at && (every == 0 || (number - at) % every != 0))) return 0;
    __atomic_add_fetch(&control->failures, 1, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&control->error, __ATOMIC_SEQ_CST);
}

static int recording(void) { return log_fd >= 0 && __atomic_load_n(&control->record, __ATOMIC_SEQ_CST); }

static void append(struct record head, const void *bytes) {
    char *entry = malloc(sizeof head + head.length);
    if (!entry) abort();
    memcpy(entry, &head, sizeof head);
    if (head.length) memcpy(entry + sizeof head, bytes, head.length);
    size_t size = sizeof head + head.length;
    if (real_write(log_fd, entry, size) != (ssize_t)size) abort();
    __atomic_add_fetch(&control->log_length, size, __ATOMIC_SEQ_CST);
    free(entry);
}

static ssize_t written(int fd, const void *bytes, size_t count, off_t offset, int at_offset) {
    uint64_t error = fails();
    if (error == TORN) { /* and whoever tries to write the rest finds the disk full */
        count = count / 2;
        __atomic_store_n(&control->error, ENOSPC, __ATOMIC_SEQ_CST);
        __atomic_store_n(&control->fail_at, __atomic_load_n(&control->operations, __ATOMIC_SEQ_CST) + 1, __ATOMIC_SEQ_CST);
    } else if (error) {
        errno = (int)error;
        return -1;
    }
    if (!recording()) return at_offset ? real_pwrite(fd, bytes, count, offset) : real_write(fd, bytes, count);
    pthread_mutex_lock(&in_order);
    if (!at_offset) offset = lseek(fd, 0, SEEK_CUR);
    ssize_t done = at_offset ? real_pwrite(fd, bytes, count, offset) : real_write(fd, bytes, count);
    if (done > 0) append((struct record){WRITE, (uint64_t)which(fd), (uint64_t)offset, (uint64_t)done}, bytes);
    pthread_mutex_unlock(&in_order);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    return which(fd) ? written(fd, bytes, count, 0, 0) : real_write(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) {
    return which(fd) ? written(fd, bytes, count, offset, 1) : real_pwrite(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return pwrite64(fd, bytes, count, offset); }

ssize_t pread64(int fd, void *bytes, size_t count, off_t offset) {
    while (which(fd) && __atomic_load_n(&control->stalled, __ATOMIC_SEQ_CST)) usleep(1000);
    return real_pread(fd, bytes, count, offset);
}

ssize_t pread(int fd, void *bytes, size_t count, off_t offset) { return pread64(fd, bytes, count, offset); }

int ftruncate64(int fd, off_t length) {
    if (!which(fd)) return real_ftruncate(fd, length);
    uint64_t error = fails();
    if (error) {
        errno = error == TORN ? EIO : (int)error;
        return -1;
    }
    pthread_mutex_lock(&in_order);
    int done = real_ftruncate(fd, length);
    if (done == 0 && recording()) append((struct record){TRUNCATE, (uint64_t)which(fd), (uint64_t)length, 0}, NULL);
    pthread_mutex_unlock(&in_order);
    return done;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(int fd, int (*real)(int)) {
    if (!which(fd)) return real(fd);
    uint64_t error = fails();
    if (error) {
        errno = error == TORN ? EIO : (int)error;
        return -1;
    }
    /* What others write while it runs is not promised. */
    uint64_t covered = __atomic_load_n(&control->log_length, __ATOMIC_SEQ_CST);
    int done = real(fd);
    if (done == 0 && recording()) {
        pthread_mutex_lock(&in_order);
        append((struct record){SYNC, (uint64_t)which(fd), covered, 0}, NULL);
        pthread_mutex_unlock(&in_order);
    }
    return done;
}

int fsync(int fd) { return synced(fd, real_fsync); }

int fdatasync(int fd) { return synced(fd, real_fdatasync); }
