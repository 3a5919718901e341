/* Loaded into the server (LD_PRELOAD) to see what the disk is asked for: counts every fsync in a shared file, and can make
 * each take DISK_DELAY_US longer, so that a fast disk stands for a slow one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static atomic_long *count;
static struct timespec delay;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("DISK_COUNT_FILE"), *microseconds = getenv("DISK_DELAY_US");
    long wanted = microseconds ? atol(microseconds) : 0;
    delay = (struct timespec){.tv_sec = wanted / 1000000, .tv_nsec = wanted % 1000000 * 1000};
    int file = path ? open(path, O_RDWR) : -1;
    if (file >= 0) {
        void *shared = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        count = shared == MAP_FAILED ? NULL : shared;
        close(file);
    }
}

static int counted(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (count) atomic_fetch_add(count, 1);
    if (delay.tv_sec || delay.tv_nsec) nanosleep(&delay, NULL);
    return real(file);
}

int fsync(int file) { return counted("fsync", file); }
int fdatasync(int file) { return counted("fdatasync", file); }
