public import Foundation
import Glibc
import Synchronization

/// Makes a new empty folder for one test; it goes away with the test process, however that ends.
public func scratchDirectory(_ label: String = "test") throws -> URL {
  let folder = Scratch.root.appendingPathComponent("\(label)-\(Scratch.nextNumber())")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  return folder
}

/// The folder of this process that holds all its clusters, sockets and files, and the shell that outlives the process
/// to stop the servers in it and remove it.
enum Scratch {
  /// The next of the numbers that make names differ within this process.
  static func nextNumber() -> Int { counter.add(1, ordering: .relaxed).newValue }
  private static let counter = Atomic(0)

  static let root: URL = {
    do {
      let place = parentFolder()
      let root = place.appendingPathComponent("holdfast-test-\(getpid())-\(UInt16.random(in: .min ... .max))")
      try FileManager.default.createDirectory(at: root, withIntermediateDirectories: false)
      try startWatchdog(root: root, place: place)
      return root
    } catch {
      preconditionFailure("cannot make a folder for temporary test data: \(error)")
    }
  }()

  /// A folder on a real disk (fsync must mean something) that other users may enter: servers don't run as root.
  private static func parentFolder() -> URL {
    let wanted = [ProcessInfo.processInfo.environment["TMPDIR"], "/tmp", "/var/tmp"].compactMap(\.self)
    let found = wanted.first { !isInMemory($0) && othersMayEnter($0) }
    return URL(fileURLWithPath: found ?? "/tmp").resolvingSymlinksInPath()
  }

  private static func isInMemory(_ path: String) -> Bool {
    let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path + "/"
    let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
    var best = (length: 0, type: Substring())
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 2 else { continue }
      let place = fields[1] == "/" ? "/" : fields[1] + "/"
      if path.hasPrefix(place), place.count > best.length { best = (place.count, fields[2]) }
    }
    return best.type == "tmpfs"
  }

  private static func othersMayEnter(_ path: String) -> Bool {
    var folder = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    while getuid() == 0, folder.path != "/" {
      var information = stat()
      guard stat(folder.path, &information) == 0, information.st_mode & 0o001 != 0 else { return false }
      folder.deleteLastPathComponent()
    }
    return true
  }

  /// Starts a shell that reads from a pipe whose other end only we hold: its end of file means that we are gone,
  /// whether we returned, crashed or were killed.
  private static func startWatchdog(root: URL, place: URL) throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0, fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0 else {
      throw TestSupportError("cannot make a pipe")
    }
    defer { close(ends[0]) }
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(nowhere) }
    _ = try spawn(
      ["/bin/sh", "-c", watchdogScript, "holdfast-test-watchdog", root.path, place.path],
      environment: ["PATH": "/usr/bin:/bin"], directory: "/", descriptors: [ends[0], nowhere, nowhere])
  }

  /// A pid file counts only if the process works in the folder of that file: pids come back.
  private static let watchdogScript = #"""
    trap '' INT TERM HUP
    clean() {
      for file in "$1"/*/program.pid "$1"/*/postmaster.pid "$1"/*/*/postmaster.pid "$1"/*/*/*/postmaster.pid "$1"/*/pgbouncer.pid; do
        [ -f "$file" ] || continue
        pid=$(head -n 1 "$file")
        [ "$(readlink "/proc/$pid/cwd")" = "${file%/*}" ] || continue
        kill -QUIT "$pid"
        tries=0
        while [ -e "/proc/$pid/cwd" ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
        [ "$(readlink "/proc/$pid/cwd")" = "${file%/*}" ] && kill -KILL "$pid"
      done
      awk -v place="$1/" 'index($2, place) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mount; do
        fsfreeze --unfreeze "$mount"
        umount --lazy "$mount"
      done
      rm -rf --one-file-system "$1"
    }
    for old in "$2"/holdfast-test-*; do
      owner=${old#"$2"/holdfast-test-}
      [ -O "$old" ] && [ ! -e "/proc/${owner%%-*}" ] && clean "$old"
    done
    cat >/dev/null
    clean "$1"
    """#
}
