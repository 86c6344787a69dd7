import Foundation
import Glibc

do throws(FuzzUsageError) {
  let options = try FuzzOptions(CommandLine.arguments.dropFirst())
  exit(FuzzRun(options, report: { print($0) }).run() ? 0 : 1)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(2)
}
