#define _GNU_SOURCE
#include "CVolumeShims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int volume_shim_reflink(int target, int source) { return ioctl(target, FICLONE, source); }

ssize_t volume_shim_copy_range(int source, off_t from, int target, off_t to, size_t length) {
  return copy_file_range(source, &from, target, &to, length, 0);
}

int volume_shim_sync(int file) { return syncfs(file); }

int volume_shim_commit(int directory) {
  // A directory's fsync in btrfs doesn't promise the extents of the files below it; the transaction does.
  if (volume_shim_is_btrfs(directory) == 1) {
    __u64 transaction = 0;
    if (ioctl(directory, BTRFS_IOC_START_SYNC, &transaction) != 0) return -1;
    return ioctl(directory, BTRFS_IOC_WAIT_SYNC, &transaction);
  }
  return fsync(directory);
}

int volume_shim_born(int directory, const char *name, int64_t *seconds) {
  struct statx status;
  if (statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_CTIME, &status) != 0) return -1;
  *seconds = status.stx_mask & STATX_BTIME ? status.stx_btime.tv_sec : status.stx_ctime.tv_sec;
  return 0;
}

int volume_shim_lock(int file, int shared) { return flock(file, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB); }

int volume_shim_nameless_file(int directory) {
  return openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int volume_shim_is_btrfs(int file) {
  struct statfs status;
  if (fstatfs(file, &status) != 0) return -1;
  return status.f_type == BTRFS_SUPER_MAGIC;
}

int volume_shim_mount_id(int file, uint64_t *id) {
  struct statx status;
  if (statx(file, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0) return -1;
  *id = status.stx_mnt_id;
  return 0;
}

int volume_shim_get_flags(int file, uint32_t *flags) {
  int value = 0;
  int result = ioctl(file, FS_IOC_GETFLAGS, &value);
  *flags = (uint32_t)value;
  return result;
}

int volume_shim_set_flags(int file, uint32_t flags) {
  int value = (int)flags;
  return ioctl(file, FS_IOC_SETFLAGS, &value);
}

int volume_shim_extents(int file, uint64_t start, struct volume_shim_extent *extents, int capacity) {
  struct fiemap *map = calloc(1, sizeof *map + (size_t)capacity * sizeof(struct fiemap_extent));
  if (map == NULL) return -1;
  map->fm_start = start;
  map->fm_length = FIEMAP_MAX_OFFSET - start;
  map->fm_flags = FIEMAP_FLAG_SYNC;
  map->fm_extent_count = (__u32)capacity;
  int count = -1;
  if (ioctl(file, FS_IOC_FIEMAP, map) == 0) {
    count = (int)map->fm_mapped_extents;
    for (int index = 0; index < count; index++) {
      const struct fiemap_extent *extent = &map->fm_extents[index];
      extents[index].start = extent->fe_logical;
      extents[index].length = extent->fe_length;
      extents[index].physical = extent->fe_physical;
      extents[index].is_last = (extent->fe_flags & FIEMAP_EXTENT_LAST) != 0;
      // Compressed extents say nothing of the place within them; unwritten ones become written in place.
      extents[index].is_certain = (extent->fe_flags & ~(__u32)(FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_SHARED | FIEMAP_EXTENT_MERGED)) == 0;
    }
  }
  int code = errno;
  free(map);
  errno = code;
  return count;
}

int volume_shim_subvolume(int directory, struct volume_shim_subvolume *result) {
  struct btrfs_ioctl_get_subvol_info_args arguments;
  memset(&arguments, 0, sizeof arguments);
  // Some kernels answer 1 for a subvolume that they have found.
  if (ioctl(directory, BTRFS_IOC_GET_SUBVOL_INFO, &arguments) < 0) return -1;
  result->id = arguments.treeid;
  memcpy(result->uuid, arguments.uuid, sizeof result->uuid);
  memcpy(result->parent_uuid, arguments.parent_uuid, sizeof result->parent_uuid);
  result->made_seconds = arguments.otime.sec;
  __u64 flags = 0;
  if (ioctl(directory, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) != 0) return -1;
  result->is_read_only = (flags & BTRFS_SUBVOL_RDONLY) != 0;
  return 0;
}

static int set_name(char *place, size_t capacity, const char *name) {
  size_t length = strlen(name);
  if (length == 0 || length >= capacity) {
    errno = length == 0 ? EINVAL : ENAMETOOLONG;
    return -1;
  }
  memcpy(place, name, length + 1);
  return 0;
}

int volume_shim_snapshot(int source, int parent, const char *name, int read_only) {
  struct btrfs_ioctl_vol_args_v2 arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.fd = source;
  if (read_only) arguments.flags |= BTRFS_SUBVOL_RDONLY;
  if (set_name(arguments.name, sizeof arguments.name, name) != 0) return -1;
  return ioctl(parent, BTRFS_IOC_SNAP_CREATE_V2, &arguments);
}

int volume_shim_make_subvolume(int parent, const char *name) {
  struct btrfs_ioctl_vol_args arguments;
  memset(&arguments, 0, sizeof arguments);
  if (set_name(arguments.name, sizeof arguments.name, name) != 0) return -1;
  return ioctl(parent, BTRFS_IOC_SUBVOL_CREATE, &arguments);
}

int volume_shim_delete_subvolume(int parent, const char *name) {
  struct btrfs_ioctl_vol_args arguments;
  memset(&arguments, 0, sizeof arguments);
  if (set_name(arguments.name, sizeof arguments.name, name) != 0) return -1;
  return ioctl(parent, BTRFS_IOC_SNAP_DESTROY, &arguments);
}

int volume_shim_next_nested(int directory, uint64_t *id, char *path, size_t capacity) {
  struct btrfs_ioctl_get_subvol_rootref_args list;
  memset(&list, 0, sizeof list);
  list.min_treeid = *id;
  // EOVERFLOW: there are more than fit, and the first ones are here.
  if (ioctl(directory, BTRFS_IOC_GET_SUBVOL_ROOTREF, &list) < 0 && errno != EOVERFLOW) return -1;
  for (int index = 0; index < list.num_items; index++) {
    struct btrfs_ioctl_ino_lookup_user_args place;
    memset(&place, 0, sizeof place);
    place.treeid = list.rootref[index].treeid;
    place.dirid = list.rootref[index].dirid;
    if (ioctl(directory, BTRFS_IOC_INO_LOOKUP_USER, &place) < 0) {
      if (errno == ENOENT) continue;  // deleted meanwhile
      return -1;
    }
    int length = snprintf(path, capacity, "%s%s", place.path, place.name);
    if (length < 0 || (size_t)length >= capacity) {
      errno = ENAMETOOLONG;
      return -1;
    }
    *id = list.rootref[index].treeid;
    return 1;
  }
  return 0;
}
