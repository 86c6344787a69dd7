import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// A second installation that learns of restore points from the repository of the first.
  @Suite("Importing restore points")
  struct ImportTests {
    /// The shop of another installation, and that one with a profile of its repository and a worker.
    private struct Pair {
      let shop: ProtectedShop
      let other: Installation
      let worker: BackgroundProgram

      init(_ shop: ProtectedShop) async throws {
        self.shop = shop
        other = try await Installation(on: .shared)
        worker = try other.worker("other", slots: 4)
        try await apply(
          """
          apiVersion: holdfast.dev/v1
          kind: Profile
          metadata: {name: rescued}
          spec:
            location: {directory: \(shop.repository)}
            password: {file: \(shop.folder.path)/password}
          """)
      }

      func applyShop() async throws {
        try await apply(
          """
          apiVersion: holdfast.dev/v1
          kind: Application
          metadata: {name: shop}
          spec:
            volumes: [{name: data, driver: btrfs, path: \(shop.volumes[0].path)}]
          """)
      }

      private func apply(_ text: String) async throws {
        let file = shop.folder.appendingPathComponent("other-\(UUID().uuidString).yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        try await holdfast("apply", file.path)
      }

      /// Runs `holdfast` for the other installation, which must succeed; returns what it prints.
      @discardableResult
      func holdfast(_ arguments: String...) async throws -> String {
        let result = try await other.run(arguments)
        guard result.exitCode == 0 else {
          throw TestSupportError("holdfast \(arguments.joined(separator: " ")): \(result.output)\n\(result.errors)")
        }
        return result.output
      }

      /// Backs the shop up as the first installation does, keeps one point, and returns its name.
      func backup() async throws -> String {
        try await holdfast(
          "submit", "backup", "-p", "application=shop", "-p", "profile=rescued", "-p", "policy=nightly", "-p",
          #"retention={"last": 1}"#, "--wait")
        return try await other.sql(
          "select name from holdfast.restore_point where run_id is not null order by created_at desc limit 1")
      }

      /// How many exports and how many descriptions of points the repository has.
      func stored() throws -> [Int] {
        try ["snapshots", "holdfast/points"].map {
          try FileManager.default.contentsOfDirectory(atPath: "\(shop.repository)/\($0)").count
        }
      }
    }

    @Test("an empty database learns all points from the repository, and restores from them to where it is told")
    func importing() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("import") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let worker = try shop.installation.worker("main", slots: 8)
      let path = shop.volumes[0].path
      let before = try await shop.facts(path)
      let point = try await shop.backup()
      await worker.kill()
      // A description under a name that is not its own is not followed.
      try await shop.shell("cd '\(shop.repository)/holdfast/points'; cp '\(point)' '\(point)0'")

      let pair = try await Pair(shop)
      for _ in 0..<2 {
        let told = try await pair.holdfast("import", "rescued")
        #expect(told.contains("kept until 'holdfast import rescued --adopt'; pins are not in"), "\(told)")
      }
      #expect(
        try await pair.other.sql("select name, profile, exports, adopted from holdfast.restore_point")
          == "\(point)|rescued|1|f")
      let leftOut = "left out: restore point \(point)0: its description is that of another, \(point)"
      #expect(try await pair.other.number("select count(*) from holdfast.step_log where text like '%\(leftOut)'") == 2)

      try await shop.shell("rm -r '\(path)'/orders")
      let refused = try await pair.other.run(["restore", point, "--yes"])
      #expect(refused.exitCode == 1, "\(refused)")
      #expect((refused.output + refused.errors).contains("in the document of application 'shop'"), "\(refused)")
      let beside = shop.folder.path + "/beside"
      try await pair.holdfast("restore", point, "--target", beside)
      #expect(try await shop.facts(beside + "/data") == before)
      try await pair.applyShop()
      try await pair.holdfast("restore", point, "--yes")
      #expect(try await shop.facts(path) == before)
      await pair.worker.kill()
    }

    @Test("what was imported is retired by nobody's rules until it is adopted, and by the rules from then on")
    func adopting() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("adopt") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let worker = try shop.installation.worker("main", slots: 8)
      let first = try await shop.backup("-p", "policy=nightly")
      let second = try await shop.backup("-p", "policy=nightly")
      try await shop.holdfast("points", "pin", first)
      await worker.kill()

      let pair = try await Pair(shop)
      try await pair.applyShop()
      try await pair.holdfast("import", "rescued")
      let third = try await pair.backup()
      let states = "select name, state, adopted from holdfast.restore_point order by created_at, point_id"
      #expect(
        try await pair.other.sql(states) == "\(first)|complete|f\n\(second)|complete|f\n\(third)|complete|t")
      #expect(try pair.stored() == [3, 3])

      // The pin of the first installation is not in the repository.
      try await pair.holdfast("points", "pin", second)
      let told = try await pair.holdfast("import", "rescued", "--adopt")
      #expect(told.contains("imported restore points of profile rescued that policies may retire now: 2"), "\(told)")
      let fourth = try await pair.backup()
      #expect(
        try await pair.other.sql(states)
          == "\(first)|retired|t\n\(second)|complete|t\n\(third)|retired|t\n\(fourth)|complete|t")
      #expect(try pair.stored() == [2, 2])
      #expect(try await shop.judge() == "")
      await pair.worker.kill()
    }
  }
}
