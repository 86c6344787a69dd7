// Freezing of filesystems, and what a process needs that must go on while one is frozen: variadic functions and what
// stands behind _GNU_SOURCE. Results are those of the call behind; errno says why one is -1.
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static inline int freeze_shim_freeze(int file) { return ioctl(file, FIFREEZE, 0); }
static inline int freeze_shim_thaw(int file) { return ioctl(file, FITHAW, 0); }
static inline int freeze_shim_sync(int file) { return (int)syscall(SYS_syncfs, file); }

// Memory for this process is never found by writing to a filesystem (Linux 5.6, CAP_SYS_RESOURCE).
static inline int freeze_shim_become_io_flusher(void) { return prctl(57 /* PR_SET_IO_FLUSHER */, 1, 0, 0, 0); }

// The process at the other end of a unix socket; -1 if that can't be told.
static inline pid_t freeze_shim_peer(int socket) {
  struct { pid_t process; uid_t user; gid_t group; } peer;
  socklen_t length = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.process : -1;
}
