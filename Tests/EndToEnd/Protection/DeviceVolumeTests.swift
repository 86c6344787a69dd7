import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Volumes that are block devices, as those of LVM, ZFS and Ceph; the driver is a stand-in whose snapshots are copies.
  @Suite("A volume that is a block device")
  struct DeviceVolumeTests {
    private static let driver = #"""
      #!/usr/bin/env bash
      set -euo pipefail
      PATH=$PATH:/usr/sbin:/sbin
      eval "$(jq -r '@sh "operation=\(.operation) name=\(.name // "") snapshot=\(.snapshot // "") path=\(.volume.path) keep=\(.volume.snapshotFolder)"')"
      mkdir -p "$keep"
      case $operation in
        capabilities)
          echo '{"crashConsistent": true, "writableClones": false, "keepsSnapshots": true, "worksWhileFrozen": true, "kind": "image"}' ;;
        snapshot)
          [ -e "$keep/$name" ] || { dd if="$path" of="$keep/.new" bs=1M status=none; mv "$keep/.new" "$keep/$name"; }
          jq -cn --arg name "$name" '{name: $name}' ;;
        readiness) if [ -e "$keep/$snapshot" ]; then echo '{"state": "ready"}'; else echo '{"state": "missing"}'; fi ;;
        clone)
          loop=$(losetup --noheadings --output NAME --associated "$keep/$snapshot")
          [ -n "$loop" ] || loop=$(losetup --read-only --find --show "$keep/$snapshot")
          jq -cn --arg path "$loop" '{place: "device", path: $path}' ;;
        release-clone)
          for file in "$keep"/*; do
            [ -e "$file" ] || continue
            for loop in $(losetup --noheadings --output NAME --associated "$file"); do losetup --detach "$loop"; done
          done
          echo '{}' ;;
        release-snapshot) rm -f "$keep/$name"; echo '{}' ;;
        changed-ranges) echo '{"ranges": null}' ;;
        restore) dd if="$keep/$snapshot" of="$path" bs=1M conv=notrunc status=none; echo '{}' ;;
        owned) for file in "$keep"/*; do [ ! -e "$file" ] || jq -cn --arg name "${file##*/}" '{kind: "snapshot", name: $name}'; done |
          jq -cs '{objects: .}' ;;
      esac
      """#

    @Test("its export comes back onto the device, with the filesystem that is on it; not while that is mounted")
    func inPlace() async throws {
      _ = try await LoopDevice.with(bytes: 24 << 20) { device in
        let folder = try scratchDirectory("driver")
        let program = folder.appendingPathComponent("driver")
        try Data(Self.driver.utf8).write(to: program)
        let name = URL(fileURLWithPath: device).lastPathComponent
        let shop = try await ProtectedShop(
          "exec", on: URL(fileURLWithPath: "/dev"), volumes: [name],
          volume: ", program: \(program.path), snapshotFolder: \(folder.path)/kept"
        ) { _ in }
        let mount = folder.path + "/mount"
        try await shop.shell(
          """
          chmod +x '\(program.path)'; mkfs.ext4 -q '\(device)'; mkdir '\(mount)'; mount '\(device)' '\(mount)'
          head -c 5000000 /dev/urandom >'\(mount)/orders'; umount '\(mount)'; sha256sum <'\(device)' >'\(folder.path)/sum'
          """)
        let worker = try shop.installation.worker("main")
        let point = try await shop.backup("-p", #"retention={"snapshots": {"keep": 0}}"#)
        #expect(
          try await shop.installation.sql("select snapshots || ' ' || exports from holdfast.restore_point") == "0 1")

        try await shop.shell(
          "mount '\(device)' '\(mount)'; rm '\(mount)/orders'; head -c 9000000 /dev/urandom >'\(mount)/other'")
        let refused = try await shop.installation.run(["restore", point, "--yes"])
        #expect(refused.exitCode != 0)
        #expect((refused.output + refused.errors).contains("it is mounted"), "\(refused)")
        #expect(try await shop.shell("ls '\(mount)'; umount '\(mount)'").contains("other"))

        try await shop.holdfast("restore", point, "--verify", "--yes")
        try await shop.shell("sha256sum --check --status '\(folder.path)/sum' <'\(device)'; test -b '\(device)'")
        // As a file, to look at it.
        try await shop.holdfast("restore", point, "--target", folder.path + "/copy", "--yes")
        try await shop.shell("cmp '\(device)' '\(folder.path)/copy/\(name)/\(name)'")
        // From a snapshot as well, without the room that nothing takes; and its clone, a loop device, is gone.
        try await shop.holdfast("submit", "backup-local", "-p", "application=shop", "--wait")
        let image = "\(folder.path)/beside/\(name)/\(name)"
        for _ in 0..<2 {
          try await shop.holdfast("restore", try await shop.newestPoint(), "--target", folder.path + "/beside")
          try await shop.shell("cmp '\(device)' '\(image)'; [ $(stat -c %b '\(image)') -lt 40000 ]")
        }
        let clones = try await shop.shell("for f in '\(folder.path)'/kept/*; do losetup --associated \"$f\"; done")
        #expect(clones == "")
        #expect(try await shop.judge() == "")
        #expect(try await shop.leftBehind() == "")
        await worker.kill()
      }
    }
  }
}
