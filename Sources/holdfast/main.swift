internal import CommandSyntax
internal import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())
hidePasswordsInArguments()
let code = await Program.holdfast.run(arguments, environment: { getenv($0).map { String(cString: $0) } })
exit(code.rawValue)
