import Foundation

/// Block devices made of files. They want root; elsewhere there are none, and the reason is printed.
public enum LoopDevice {
  /// Runs `body` with the path of a device of this many bytes, all zero at first; it goes away at the end.
  /// - Returns: what `body` returns; nil where there can be no such device.
  public static func with<T>(bytes: Int, _ body: (String) async throws -> T) async throws -> T? {
    guard geteuid() == 0 else { return skip("only root can make one") }
    let image = try scratchDirectory("device").appendingPathComponent("image").path
    guard FileManager.default.createFile(atPath: image, contents: nil), truncate(image, off_t(bytes)) == 0 else {
      throw TestSupportError("cannot make \(image)")
    }
    let made = try await runProgram("/usr/bin/env", ["losetup", "--find", "--show", image])
    guard made.exitCode == 0 else { return skip("losetup failed: \(made.errors)") }
    let device = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let result: Result<T, any Error>
    do { result = .success(try await body(device)) } catch { result = .failure(error) }
    _ = try await runProgram("/usr/bin/env", ["losetup", "--detach", device])
    return try result.get()
  }

  private static func skip<T>(_ reason: String) -> T? {
    print("skipped: no loop device: \(reason)")
    return nil
  }
}
