import Foundation
import TestSupport
import Testing
import VolumeDrivers

/// The scripts for LVM and ZFS, tried where the machine has them.
@Suite struct DeliveredDriverTests {
  private static func program(_ name: String) -> String {
    URL(fileURLWithPath: ExampleProgram.path).deletingLastPathComponent().appendingPathComponent(name).path
  }

  @Test("a script refuses what it can't know, before it touches anything", arguments: ["example", "lvm-thin", "zfs"])
  func refusals(name: String) async throws {
    for request in [
      "nonsense", "{}", #"{"contract": 2, "operation": "owned", "volume": {"path": "/dev/vg/lv"}}"#,
      #"{"contract": 1, "operation": "snapshot", "name": "../x", "volume": {"path": "/dev/vg/lv"}}"#,
      #"{"contract": 1, "operation": "snapshot", "name": "$(touch x)", "volume": {"path": "/dev/vg/lv"}}"#,
      #"{"contract": 1, "operation": ["snapshot"], "name": {"a": 1}, "volume": {"path": "/dev/vg/lv"}}"#,
    ] {
      let result = try await runProgram(Self.program(name), directory: try scratchDirectory("driver"), input: request)
      #expect(result.exitCode == 0)
      #expect(result.output.hasPrefix(#"{"error":{"class":"permanent","message":"#), "\(request): \(result.output)")
    }
  }

  @Test("LVM's thin volumes do all that drivers must") func lvm() async throws {
    guard geteuid() == 0,
      try await runProgram("/bin/sh", ["-c", "command -v lvcreate && test -e /dev/mapper/control"]).exitCode == 0
    else {
      print("skipped: no LVM on this machine")
      return
    }
    let folder = try scratchDirectory("lvm")
    let group = "hftest\(getpid())"
    try await shell(
      """
      truncate -s 1G image; losetup --find --show image >loop; pvcreate -q "$(cat loop)"; vgcreate -q \(group) "$(cat loop)"
      lvcreate -q --type thin-pool --size 900M --name pool \(group); lvcreate -q --virtualsize 64M --thinpool pool --name data \(group)
      """, in: folder)
    let checks = try await conformance("lvm-thin", "/dev/\(group)/data")
    try await shell(
      "vgremove --yes --force \(group); pvremove -q \"$(cat loop)\"; losetup --detach \"$(cat loop)\"", in: folder)
    #expect(checks == [])
  }

  @Test("ZFS does all that drivers must", arguments: ["folder", "volume"]) func zfs(kind: String) async throws {
    guard geteuid() == 0, try await runProgram("/bin/sh", ["-c", "command -v zpool && zpool list"]).exitCode == 0 else {
      print("skipped: no ZFS on this machine")
      return
    }
    let folder = try scratchDirectory("zfs")
    let pool = "hftest\(getpid())\(kind)"
    try await shell(
      "truncate -s 1G image; zpool create -m \"$PWD/pool\" \(pool) \"$PWD/image\"; zfs create \(pool)/data; zfs create -V 64M \(pool)/block",
      in: folder)
    let path = kind == "folder" ? folder.path + "/pool/data" : "/dev/zvol/\(pool)/block"
    let checks = try await conformance("zfs", path)
    try await shell("zpool destroy -f \(pool)", in: folder)
    #expect(checks == [])
  }

  /// Runs the driver for ZFS with a `zfs` that has the objects in `objects` and notes what it is told.
  private func withoutZFS(
    in folder: URL, objects: [String], dataset: String, path: String
  ) async throws -> (output: String, changes: String) {
    try await shell(
      #"""
      mkdir -p bin objects
      for tool in bash jq find cp sync tail cat rm touch; do ln -s "$(command -v $tool)" bin/; done
      printf '#!/bin/sh\nfor path; do :; done\necho "$path"\n' >bin/findmnt
      cat >bin/zfs <<'END'
      #!/bin/bash
      for last; do :; done
      file=objects/${last//\//+}
      case $1 in
        list)
          case "$*" in
            *" filesystem "* | *" volume "*) echo "$DATASET" ;;
            *" snapshot "*) printf '%s@%s\n' "$DATASET" a "$DATASET" b ;;
            *) [ -e "$file" ] ;;
          esac ;;
        get) case $last in *@*) echo snapshot ;; *) echo clone ;; esac ;;
        clone) echo "$*" >>changes; touch "$file" ;;
        destroy) echo "$*" >>changes; rm "$file" ;;
      esac
      END
      chmod +x bin/findmnt bin/zfs
      """#, in: folder)
    for object in objects {
      try Data().write(to: folder.appendingPathComponent("objects/\(object.replacingOccurrences(of: "/", with: "+"))"))
    }
    let request = #"{"contract": 1, "operation": "restore", "snapshot": "a", "volume": {"path": "\#(path)"}}"#
    let result = try await runProgram(
      Self.program("zfs"), environment: ["PATH": folder.path + "/bin", "DATASET": dataset], directory: folder,
      input: request)
    #expect(result.exitCode == 0 && result.errors.isEmpty, "\(result)")
    let changes = try? String(contentsOf: folder.appendingPathComponent("changes"), encoding: .utf8)
    return (result.output, changes ?? "")
  }

  @Test("a ZFS volume is restored from a new clone, never from one that a restore of another snapshot left")
  func leftOverClone() async throws {
    let (copy, path) = ("pool/hf-restoring-block", "/dev/zvol/pool/block")
    let (output, changes) = try await withoutZFS(
      in: try scratchDirectory("zfs-volume"), objects: ["pool/block@a", copy], dataset: "pool/block", path: path)
    #expect(changes == "destroy \(copy)\nclone -o readonly=on -o holdfast:kind=clone pool/block@a \(copy)\n")
    #expect(output.contains("the device /dev/zvol/\(copy) doesn't appear"), "\(output)")
  }

  @Test("a ZFS file system is restored by copying where there is no rsync; its snapshots are let be")
  func copyBack() async throws {
    let folder = try scratchDirectory("zfs-folder")
    try await shell(
      "mkdir -p data/.zfs/snapshot/a/kept data/new/deep; cd data; echo old >.zfs/snapshot/a/kept/f; touch new/deep/x y",
      in: folder)
    let (output, _) = try await withoutZFS(
      in: folder, objects: ["pool/data@a"], dataset: "pool/data", path: folder.path + "/data")
    #expect(output == "{}\n")
    try await shell(
      "diff -r data/.zfs/snapshot/a data --exclude .zfs; [ \"$(cat data/.zfs/snapshot/a/kept/f)\" = old ]", in: folder)
  }

  @Test("the script for LVM finds thin volumes, without what is ours") func discoverLVM() async throws {
    let folder = try scratchDirectory("lvm")
    try await shell(
      #"""
      mkdir bin
      for tool in bash jq tr; do ln -s "$(command -v $tool)" bin/; done
      cat >bin/lvs <<'END'
      #!/bin/bash
      case ${!#} in *lv_tags | vg) ;; *) exit 5 ;; esac
      echo "  vg|pool|900|||"
      echo "  vg|data|64|open|pool|tag"
      echo "  vg|disk|32||pool|"
      echo "  vg|hf-1|32||pool|holdfast-snapshot,holdfast-of-disk"
      END
      chmod +x bin/lvs
      """#, in: folder)
    let all =
      #"{"volumes":[{"path":"/dev/vg/data","kind":"image","bytes":64,"note":"in use"},{"path":"/dev/vg/disk","kind":"image","bytes":32,"note":null}]}"#
    for (path, answer) in [("/", all), ("/dev/vg", all), ("/dev/none", #""class":"missing""#)] {
      let result = try await runProgram(
        Self.program("lvm-thin"), environment: ["PATH": folder.path + "/bin"], directory: folder,
        input: #"{"contract": 1, "operation": "discover", "volume": {"path": "\#(path)"}}"#)
      #expect(result.exitCode == 0 && result.output.contains(answer), "\(path): \(result)")
    }
  }

  private func conformance(_ name: String, _ path: String) async throws -> [String] {
    let program = Self.program(name)
    let volume = VolumeSource(application: "", name: "data", driver: "exec", path: path, program: program)
    let driver = try Drivers.driver(named: "exec", program: program)
    var checks = await DriverConformance(driver: driver, volume: volume).run()
    checks += await ExecConformance(program: program, volume: volume).run()
    return checks.filter { $0.outcome != .passed }.map { "\($0.title): \($0.outcome)" }
  }
}
