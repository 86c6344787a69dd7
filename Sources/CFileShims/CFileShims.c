#define _GNU_SOURCE
#include "CFileShims.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

const int file_shim_at_empty_path = AT_EMPTY_PATH;

int file_shim_openat(int directory, const char *path, int flags, int extra, mode_t mode) {
  if (extra & FILE_SHIM_NOATIME) flags |= O_NOATIME;
  if (extra & FILE_SHIM_DIRECT) flags |= O_DIRECT;
  if (extra & FILE_SHIM_PATH) flags |= O_PATH;
  return openat(directory, path, flags | O_CLOEXEC, mode);
}

int file_shim_open_beneath(int directory, const char *path, int flags, int extra) {
  struct open_how how = {0};
  if (extra & FILE_SHIM_PATH) flags |= O_PATH;
  how.flags = (unsigned)(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (extra & FILE_SHIM_SAME_MOUNT) how.resolve |= RESOLVE_NO_XDEV;
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

ssize_t file_shim_getdents(int directory, void *buffer, size_t length) {
  return getdents64(directory, buffer, length);
}

ssize_t file_shim_llistxattr(const char *path, char *list, size_t length) { return llistxattr(path, list, length); }

ssize_t file_shim_flistxattr(int file, char *list, size_t length) { return flistxattr(file, list, length); }

ssize_t file_shim_lgetxattr(const char *path, const char *name, void *value, size_t length) {
  return lgetxattr(path, name, value, length);
}

ssize_t file_shim_fgetxattr(int file, const char *name, void *value, size_t length) {
  return fgetxattr(file, name, value, length);
}

ssize_t file_shim_listxattr(const char *path, char *list, size_t length) { return listxattr(path, list, length); }

int file_shim_setxattr(const char *path, const char *name, const void *value, size_t length) {
  return setxattr(path, name, value, length, 0);
}

int file_shim_removexattr(const char *path, const char *name) { return removexattr(path, name); }

int file_shim_lsetxattr(const char *path, const char *name, const void *value, size_t length) {
  return lsetxattr(path, name, value, length, 0);
}

int file_shim_fsetxattr(int file, const char *name, const void *value, size_t length) {
  return fsetxattr(file, name, value, length, 0);
}

int file_shim_lremovexattr(const char *path, const char *name) { return lremovexattr(path, name); }

int file_shim_fremovexattr(int file, const char *name) { return fremovexattr(file, name); }

ssize_t file_shim_read_cached(int file, void *buffer, size_t length, off_t offset) {
  struct iovec part = {buffer, length};
  return preadv2(file, &part, 1, offset, RWF_NOWAIT);
}

off_t file_shim_seek_data(int file, off_t offset) { return lseek(file, offset, SEEK_DATA); }

off_t file_shim_seek_hole(int file, off_t offset) { return lseek(file, offset, SEEK_HOLE); }

int file_shim_reserve(int file, off_t offset, off_t length) {
  return fallocate(file, FALLOC_FL_KEEP_SIZE, offset, length);
}

int file_shim_punch_hole(int file, off_t offset, off_t length) {
  return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int file_shim_device_size(int file, uint64_t *bytes) { return ioctl(file, BLKGETSIZE64, bytes); }

int file_shim_sector_size(int file, int *bytes) { return ioctl(file, BLKSSZGET, bytes); }

int file_shim_rename_new(int from_directory, const char *from, int to_directory, const char *to) {
  return renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE);
}

int file_shim_set_io_priority(int thread, int priority_class, int level) {
  // IOPRIO_WHO_PROCESS, which means a thread; the class lies above 13 bits of level.
  return (int)syscall(SYS_ioprio_set, 1, thread, (priority_class << 13) | level);
}

int file_shim_sync_filesystem(int file) { return syncfs(file); }

unsigned file_shim_filesystem_kind(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 ? (unsigned)status.f_type : 0;
}
