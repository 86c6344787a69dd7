/// A program to run as a child of this process, in a process group of its own unless `sharesGroup`.
///
/// If this process is killed with SIGKILL, its children live on as orphans: they lose their pipes (so they get SIGPIPE
/// or an end of input when they use them), but nobody ends them. A later attempt has to expect them.
public struct ChildProcess: Sendable {
  /// A path if it holds a slash (relative to `directory`), else a name that is looked up in the PATH of `environment`.
  public var program: String
  /// What the program sees after its own name.
  public var arguments: [String]
  /// Everything the program finds in its environment: nothing is inherited.
  public var environment: [String: String]
  /// The working directory; nil for ours.
  public var directory: String?
  /// What the program reads from its standard input, then comes the end. It need not read it.
  public var input: [UInt8] = []
  /// A descriptor that becomes the program's standard input instead; it stays the caller's to close.
  public var inputDescriptor: Int32?
  /// A descriptor that becomes the program's standard output, of which nothing is kept then; it stays the caller's to close.
  public var outputDescriptor: Int32?
  /// A descriptor that becomes the program's standard error, of which nothing is kept then; it stays the caller's to close.
  public var errorDescriptor: Int32?
  /// Whether it is in our process group, so that it may ask on our terminal: any other group is stopped there. Then it alone is
  /// ended, not what it has started.
  public var sharesGroup = false
  /// How many bytes of each stream are kept: the first and the last half.
  public var outputLimit = 64 << 10
  /// The longest line that a line handler gets, in bytes; longer ones are cut there.
  public var lineLimit = 8 << 10
  /// How long the program may run once it is started; nil sets no limit.
  public var timeLimit: Duration?
  /// How long the group has between SIGTERM and SIGKILL.
  public var grace: Duration = .seconds(5)
  /// How long we wait for the rest of the output after the program ended while another process holds its streams.
  public var drain: Duration = .milliseconds(250)

  /// A program with the usual limits.
  public init(
    _ program: String, _ arguments: [String] = [], environment: [String: String], directory: String? = nil
  ) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
  }

  /// The streams a program writes to.
  public enum Stream: Sendable, Equatable {
    /// Standard output.
    case output
    /// Standard error.
    case error
  }

  /// How a run came to its end.
  public enum Ending: Sendable, Equatable {
    /// It returned this exit code.
    case exited(Int)
    /// A signal that we did not send ended it.
    case signalled(Int)
    /// We ended it. What it made of the SIGTERM does not matter: it is not done.
    case stopped(StopReason)
  }

  /// Why we ended a program.
  public enum StopReason: Sendable, Equatable {
    /// `timeLimit` was over.
    case timeLimit
    /// The task was cancelled.
    case cancelled
  }

  /// What is known after the end.
  public struct Outcome: Sendable {
    /// How it ended.
    public let ending: Ending
    /// What it wrote to standard output.
    public let output: CapturedOutput
    /// What it wrote to standard error.
    public let error: CapturedOutput
    /// From the start to the end.
    public let duration: Duration
  }
}
