import Foundation
import Glibc

do throws(FuzzUsageError) {
  let options = try FuzzOptions(CommandLine.arguments.dropFirst())
  exit(
    FuzzRun(options, isWatched: true, report: { FileHandle.standardOutput.write(Data("\($0)\n".utf8)) }).run() ? 0 : 1)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(2)
}
