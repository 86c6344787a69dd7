internal import CommandSyntax
internal import Glibc

FreezeGuardCommand.runIfAsked(Array(CommandLine.arguments.dropFirst()))
// Before they are hidden, and as bytes: paths need not be text.
let words = (1..<max(1, Int(CommandLine.argc))).map { number in
  CommandLine.unsafeArgv[number].map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } ?? []
}
hidePasswordsInArguments()
returnMemoryEarly()
let code = await Program.holdfast.run(words, environment: { getenv($0).map { String(cString: $0) } })
exit(code.rawValue)
