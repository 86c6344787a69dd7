internal import Freezing
internal import Glibc

// freezing-helper freeze-guard …: a guard.
// freezing-helper hold PATH SECONDS TOKEN: freezes, says so, and waits to be killed.
// freezing-helper replaced PATH SECONDS TOKEN: the same, after it has removed its own program, as an update does.
// freezing-helper hang PATH SECONDS TOKEN: the same, and a thread of it hangs in a write to the filesystem.

let arguments = Array(CommandLine.arguments.dropFirst())
func say(_ text: String) { _ = write(STDOUT_FILENO, text + "\n", text.utf8.count + 1) }

if arguments.first == FreezeGuard.command { exit(FreezeGuard.run()) }
guard arguments.count == 4, ["hold", "hang", "replaced"].contains(arguments[0]), let seconds = Double(arguments[2])
else { exit(2) }
if arguments[0] == "replaced" { unlink(CommandLine.arguments[0]) }
do {
  let state = try await Freezer().freeze(arguments[1], deadline: .seconds(seconds), token: arguments[3])
  say("frozen \(state.guardProcess)")
} catch {
  say("\(error)")
  exit(1)
}
if arguments[0] == "hang" { hangInWrite(to: arguments[1]) }
while true { try? await Task.sleep(for: .seconds(60)) }
