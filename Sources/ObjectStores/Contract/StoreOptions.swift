internal import Glibc

/// How to reach a store. Everything has a sensible value; what a kind of store doesn't need it ignores.
public struct StoreOptions: Sendable {
  /// How many requests, or files, are under way at once; nil leaves it to the store.
  public var connections: Int?
  /// A PEM file with the certificate authorities to trust instead of the system's.
  public var caFile: String?
  /// A PEM file with a certificate and its key, without a passphrase, for servers that ask who we are.
  public var clientCertificate: String?
  /// How long a connection may stand still before it is cut and the request is made again.
  public var stallLimit: Duration = .seconds(60)
  /// For how long a request that fails is tried again.
  public var retryLimit: Duration = .seconds(900)
  /// The longest wait before the second attempt; it doubles with every further one.
  var firstRetryDelay: Duration = .milliseconds(400)
  /// How many objects a page of S3's listing has; a thousand is the most it gives.
  var listingPage = 1000
  /// Bytes per second that are sent at most, all connections together; nil sets no limit.
  public var uploadLimit: Int?
  /// Bytes per second that are received at most, all connections together; nil sets no limit.
  public var downloadLimit: Int?
  /// What only S3 needs.
  public var s3 = S3Options()
  /// User name and password for the REST server; the location and `RESTIC_REST_USERNAME` can give them, too.
  public var restLogin: (username: String, password: String)?
  /// Looks up environment variables, for credentials and regions; this process's own unless set.
  public var environment: @Sendable (_ name: String) -> String? = { name in getenv(name).map { String(cString: $0) } }
  /// Told, in a sentence without secrets, each time a request is to be made again.
  public var report: (@Sendable (String) -> Void)?

  /// The usual options.
  public init() {}
}

/// What only S3 needs to know. The usual places of AWS fill in what is nil.
public struct S3Options: Sendable {
  /// How a bucket is named in requests.
  public enum Addressing: String, Sendable, CaseIterable {
    /// As a host at AWS, as a path elsewhere.
    case automatic = "auto"
    /// `https://host/bucket/key`
    case path
    /// `https://bucket.host/key`
    case virtualHost = "dns"
  }

  /// How objects are kept from being removed or replaced (Object Lock).
  public struct Retention: Sendable {
    /// Who may shorten it.
    public enum Mode: String, Sendable, CaseIterable {
      /// Whoever has a special right.
      case governance = "GOVERNANCE"
      /// Nobody.
      case compliance = "COMPLIANCE"
    }

    /// Who may shorten it.
    public var mode: Mode
    /// From the writing of each object on.
    public var duration: Duration

    /// Keeps objects for `duration`.
    public init(mode: Mode, duration: Duration) {
      self.mode = mode
      self.duration = duration
    }
  }

  /// `eu-central-1`; nil asks the name of a host of Amazon's, the environment, the host's name, the profile and the server, in this
  /// order; and the server is believed if it names another.
  public var region: String?
  /// How the bucket is named in requests.
  public var addressing = Addressing.automatic
  /// Credentials; the secret and the token are used only together with the key's id.
  public var accessKeyID: String?
  /// The secret of `accessKeyID`.
  public var secretAccessKey: String?
  /// The session token of temporary credentials.
  public var sessionToken: String?
  /// The profile of `~/.aws/credentials` and `~/.aws/config`; nil is `AWS_PROFILE`, or `default`.
  public var profile: String?
  /// The storage class of new objects (`STANDARD_IA`, …), except of locks, journals and points. Archive classes, which cannot be
  /// read at once, are used for packs alone.
  public var storageClass: String?
  /// How long new objects, except locks, journals and points, cannot be removed or replaced.
  public var retention: Retention?

  /// Everything as usual.
  public init() {}
}
