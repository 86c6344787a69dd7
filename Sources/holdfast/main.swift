internal import Glibc

let code = await Program.holdfast.run(
  Array(CommandLine.arguments.dropFirst()), environment: { getenv($0).map { String(cString: $0) } })
exit(code.rawValue)
