// What the Glibc module of Swift leaves out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/prctl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

// syscall() is variadic, and glibc has pidfd_open() only from 2.36 on.
static inline int shim_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }
static inline int shim_pidfd_send_signal(int handle, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, handle, signal, (void *)0, 0);
}

// Declared in their headers only under _GNU_SOURCE, which Swift's Glibc module does not set.
extern int pipe2(int ends[2], int flags);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);
