internal import JSON

let profileShape = ObjectShape(
  "a profile's spec", "Where exports go, and which credentials open it.",
  [
    .optional("description", .text, "what the profile is for, for people"),
    .required("location", .object(locationShape), "where the repository is"),
    .optional("credentials", .object(credentialsShape), "what opens the location, by reference"),
    .required("password", .object(secretShape), "the repository's password, by reference"),
  ])

private let locationShape = ObjectShape(
  "a location", "Where a repository is: in a folder, in an S3 bucket, or behind restic's REST server.",
  [
    .optional("directory", .text, "the path of a folder"),
    .optional("s3", .object(s3Shape), "an S3 bucket"),
    .optional("rest", .object(restShape), "a server that speaks restic's REST protocol"),
  ])

private let s3Shape = ObjectShape(
  "an S3 location", "A bucket, and where in it.",
  [
    .optional("endpoint", .text, "the server, if not AWS: https://minio.example.org"),
    .optional("region", .text, "the bucket's region, if it is to be no other; else it is asked for"),
    .required("bucket", .text, "the bucket"),
    .optional("prefix", .text, "the path in the bucket"),
    .optional("objectLock", .object(objectLockShape), "how long nobody can delete what was written"),
  ])

private let objectLockShape = ObjectShape(
  "an object lock", "What is written can't be deleted before its time, by whom ever.",
  [
    .required("mode", .choice(["governance", "compliance"]), "whether administrators of the bucket may end it"),
    .required("days", .integer(1...36_500), "for how many days"),
  ])

private let restShape = ObjectShape(
  "a REST location", "A repository behind restic's REST server.",
  [.required("url", .text, "its address, without user and password: https://backup.example.org:8000/main/")])

private let credentialsShape = ObjectShape(
  "credentials", "Access to S3, or to a REST server.",
  [
    .optional("accessKey", .object(secretShape), "the access key of S3, by reference"),
    .optional("secretKey", .object(secretShape), "the secret key of S3, by reference"),
    .optional("sessionToken", .object(secretShape), "the session token of S3, by reference"),
    .optional("user", .object(secretShape), "the user of a REST server, by reference"),
    .optional("password", .object(secretShape), "the password of a REST server, by reference"),
  ])

/// A reference to a secret: what documents have in a secret's place.
public let secretShape = ObjectShape(
  "a reference to a secret", "Where a secret is; the secret itself is never in a document.",
  [
    .optional("file", .text, "the path of a file on the worker that holds nothing else"),
    .optional("env", .text, "an environment variable of the worker"),
    .optional("secret", .text, "NAMESPACE/NAME/KEY of a Kubernetes Secret"),
  ])
