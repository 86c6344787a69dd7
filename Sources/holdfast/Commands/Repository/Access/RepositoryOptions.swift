internal import CommandSyntax
internal import ObjectStores
internal import Terminal

/// The options of every `holdfast repo` command. Variables are Holdfast's own, then restic's, so that both tools can be
/// used side by side.
enum RepositoryOptions {
  static let place = Option<String?>.optional(
    "--repo", short: "-r", .text("PLACE", completion: .file),
    environment: ["HOLDFAST_REPOSITORY", "RESTIC_REPOSITORY"],
    "Where the repository is: a folder, s3:https://HOST/BUCKET/PATH or rest:https://HOST/PATH")
  static let placeFile = Option<String?>.optional(
    "--repository-file", .file, environment: ["HOLDFAST_REPOSITORY_FILE", "RESTIC_REPOSITORY_FILE"],
    "A file that holds the place")
  static let passwordFile = Option<String?>.optional(
    "--password-file", short: "-p", .file, environment: ["HOLDFAST_PASSWORD_FILE", "RESTIC_PASSWORD_FILE"],
    "A file that holds the password")
  static let passwordCommand = Option<String?>.optional(
    "--password-command", .text("COMMAND"), environment: ["HOLDFAST_PASSWORD_COMMAND", "RESTIC_PASSWORD_COMMAND"],
    "A shell command that prints the password")
  static let keyHint = Option<String?>.optional(
    "--key-hint", .text("ID"), environment: ["HOLDFAST_KEY_HINT", "RESTIC_KEY_HINT"],
    "The key to try first, where there are many: the beginning of its id")
  static let cacheFolder = Option<String?>.optional(
    "--cache-dir", .text("DIR", completion: .file), environment: ["HOLDFAST_CACHE_DIR", "RESTIC_CACHE_DIR"],
    "Where this machine keeps the repository's index; ~/.cache/holdfast unless given")
  static let noCache = Option<Bool>.flag("--no-cache", "Keep no index on this machine; it is read from the repository")
  static let noLock = Option<Bool>.flag(
    "--no-lock", "Take no lock, for commands that only read: for a repository that can't be written to")
  static let retryLock = Option<Duration>.value(
    "--retry-lock", .length, default: .zero, "How long to wait for a lock that is in the way")
  static let retryLimit = Option<Duration>.value(
    "--retry-limit", .length, default: .seconds(900),
    "For how long what a network or server spoiled is asked for again")
  static let limitUpload = Option<Int?>.optional(
    "--limit-upload", .rate, "Send no more than this per second; KiB unless a unit is given")
  static let limitDownload = Option<Int?>.optional(
    "--limit-download", .rate, "Receive no more than this per second; KiB unless a unit is given")
  static let connections = Option<Int?>.optional(
    "--connections", .integer(1...256), "How many transfers are under way at once")
  static let caFile = Option<String?>.optional(
    "--cacert", .file, environment: ["HOLDFAST_CACERT", "RESTIC_CACERT"],
    "A PEM file with the certificate authorities to trust, instead of the system's")
  static let clientCertificate = Option<String?>.optional(
    "--tls-client-cert", .file, environment: ["HOLDFAST_TLS_CLIENT_CERT", "RESTIC_TLS_CLIENT_CERT"],
    "A PEM file with a certificate and its key, for a server that asks who we are")
  static let region = Option<String?>.optional(
    "--s3-region", .text("REGION"), "The bucket's region; asked for if neither AWS_REGION nor the profile has it")
  static let addressing = Option<S3Options.Addressing>.value(
    "--s3-addressing", .choice("FORM"), default: .automatic,
    "Whether the bucket stands in the path or in the host's name; auto takes the path except at AWS")
  static let profile = Option<String?>.optional(
    "--s3-profile", .text("NAME"), "The profile of ~/.aws/credentials and ~/.aws/config; AWS_PROFILE unless given")
  static let storageClass = Option<String?>.optional(
    "--s3-storage-class", .text("CLASS"), "The storage class of new objects: STANDARD_IA")
  static let retention = Option<S3Options.Retention?>.optional(
    "--s3-retention", .retention, "Lock new objects for so long (Object Lock): governance:30d, compliance:1y")
  static let quiet = Option<Bool>.flag(
    "--quiet", short: "-q", "Show no progress and no summary for people, only problems")

  static let all = [
    place.description, placeFile.description, passwordFile.description, passwordCommand.description,
    keyHint.description,
    cacheFolder.description, noCache.description, noLock.description, retryLock.description, retryLimit.description,
    limitUpload.description,
    limitDownload.description, connections.description, caFile.description, clientCertificate.description,
    region.description, addressing.description, profile.description, storageClass.description, retention.description,
    quiet.description,
  ]
}
