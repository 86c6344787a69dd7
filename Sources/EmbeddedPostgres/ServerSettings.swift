import Glibc

/// The settings that we write for PostgreSQL at each start. What somebody sets with ALTER SYSTEM wins over them.
struct ServerSettings: Sendable {
  let socketFolder: String
  /// Of the machine or the container, in bytes.
  let memory: UInt64

  static let fileName = "holdfast.conf"
  /// The last line of postgresql.conf.
  static let include = "include_if_exists = '\(fileName)'\n"

  /// A thirty-second of the memory: most of a small machine is for the workers and the page cache.
  var sharedBuffersMiB: UInt64 { min(256, max(32, memory >> 25)) }

  var text: String {
    """
    # Written by 'holdfast up' at every start. Change settings with ALTER SYSTEM instead.
    listen_addresses = ''
    port = \(SocketFolder.port)
    unix_socket_directories = '\(socketFolder)'
    unix_socket_permissions = 0700
    max_connections = 50
    shared_buffers = \(sharedBuffersMiB)MB
    fsync = on
    synchronous_commit = on
    full_page_writes = on
    jit = off
    timezone = 'UTC'
    log_timezone = 'UTC'
    logging_collector = off
    log_destination = 'stderr'
    log_checkpoints = off
    log_line_prefix = '%m [%p] '
    cluster_name = 'holdfast'

    """
  }

  /// The memory that this process and its children may use.
  static func availableMemory() -> UInt64 {
    let machine = UInt64(max(0, sysconf(CInt(_SC_PHYS_PAGES)))) * UInt64(max(0, sysconf(CInt(_SC_PAGESIZE))))
    let container = readText("/sys/fs/cgroup/memory.max").flatMap { UInt64($0.split(separator: "\n").first ?? "") }
    return min(machine, container ?? machine)
  }
}
