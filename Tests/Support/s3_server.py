"""An S3 server (moto) that checks signatures and hashes, with a user and a bucket. Prints a line of JSON that says how to reach
it; ends when its standard input closes.

usage: s3_server.py BUCKET [locked] [plain]
"""
import base64, hashlib, io, json, logging, os, sys, threading, time
from urllib.parse import parse_qs

os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "setup"
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
import boto3
from moto import settings
from moto.iam import access_control
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)
application = DomainDispatcherApplication(create_backend_app)
current = threading.local()


class RawRequest(access_control.S3IAMRequest):
    """moto compares signatures with the decoded URL, where boto3's own requests fail; the signed one is that on the wire."""

    def _create_aws_request(self):
        self._path = current.target
        return super()._create_aws_request()


access_control.S3IAMRequest = RawRequest


def services(path, method, query, header, body):
    """The services of AWS that hand out the role's credentials; None for other paths."""
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + int(query.get("seconds", ["3600"])[0])))
    keys = {"AccessKeyId": role["id"], "SecretAccessKey": role["secret"], "Token": role["token"], "Expiration": ends}
    metadata = "/latest/meta-data/iam/security-credentials/"
    if path.startswith("/stumbling/"):  # /stumbling/TIMES/PATH: each path fails so many times first
        asked.append(path)
        times, path = path.removeprefix("/stumbling/").split("/", 1)
        if asked.count(f"/stumbling/{times}/{path}") <= int(times):
            return 503, ""
        path = "/" + path
    if path == "/asked":
        return 200, str(len(asked))
    if path == "/latest/api/token":
        allowed = method == "PUT" and header("X-aws-ec2-metadata-token-ttl-seconds")
        return (200, "session-of-instance") if allowed else (400, "")
    if path.startswith(metadata):
        if header("X-aws-ec2-metadata-token") != "session-of-instance":
            return 401, ""
        return 200, "the role\n" if path == metadata else json.dumps(keys) if path == metadata + "the role" else ""
    if path == "/container":
        asked.append(path)
        return (200, json.dumps(keys)) if header("Authorization") == "token-of-container" else (403, "secret-reason")
    if path == "/sts/":
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("WebIdentityToken") != "token of pod" or form.get("RoleArn") != "arn:aws:iam::123456789012:role/backup":
            return 400, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>no</Message></Error></ErrorResponse>"
        keys["SessionToken"] = keys.pop("Token")
        inside = "".join(f"<{name}>{value}</{name}>" for name, value in keys.items())
        return 200, f"<R xmlns='x'><Result><Credentials>{inside}</Credentials></Result></R>"
    return None


asked = []
role = {"id": "", "secret": "", "token": ""}


def checked(environ, start_response):
    """moto compares signatures, but not bodies with the hashes that are signed; S3 does."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)

    def refuse(code, message=""):
        answer = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        start_response("400 Bad Request", [("Content-Length", str(len(answer)))])
        return [answer]

    if len(body) != length:  # the connection broke
        return refuse("IncompleteBody")
    environ["wsgi.input"] = io.BytesIO(body)
    current.target = environ["REQUEST_URI"]
    service = services(
        environ["PATH_INFO"], environ["REQUEST_METHOD"], parse_qs(environ["QUERY_STRING"]),
        lambda name: environ.get("HTTP_" + name.upper().replace("-", "_")), body)
    if service:
        start_response(f"{service[0]} Answer", [("Content-Length", str(len(service[1])))])
        return [service[1].encode()]
    digest = hashlib.sha256(body).digest()
    signed = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    sum_ = environ.get("HTTP_X_AMZ_CHECKSUM_SHA256")
    for header in ("x-amz-sdk-checksum-algorithm", "x-amz-checksum-sha256"):
        if "plain" in sys.argv[2:] and environ.get("HTTP_" + header.upper().replace("-", "_")):
            return refuse("InvalidArgument", f"Unsupported header '{header}' received for this API call.")
    md5 = environ.get("HTTP_CONTENT_MD5")
    # Of a body that comes in signed chunks it is of what is in them.
    if md5 and signed and len(signed) == 64 and md5 != base64.b64encode(hashlib.md5(body).digest()).decode():
        return refuse("BadDigest")
    if environ.get("HTTP_X_AMZ_OBJECT_LOCK_MODE") and not md5 and not sum_:
        return refuse("InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required with Object Lock")
    if signed and len(signed) == 64 and signed != digest.hex():
        return refuse("XAmzContentSHA256Mismatch")
    if sum_ and sum_ != base64.b64encode(digest).decode():
        return refuse("BadDigest")
    return application(environ, start_response)


class Quick(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True


server = make_server("127.0.0.1", 0, checked, threaded=True, request_handler=Quick)
endpoint = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()

iam = boto3.client("iam", endpoint_url=endpoint)
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": "*"}]}


def user(name, allowed):
    iam.create_user(UserName=name)
    if allowed:
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


users = {"writer": user("writer", True), "stranger": user("stranger", False)}
iam.create_role(RoleName="backup", AssumeRolePolicyDocument=json.dumps(trust))
iam.put_role_policy(RoleName="backup", PolicyName="all", PolicyDocument=json.dumps(policy))
s3 = boto3.client("s3", endpoint_url=endpoint)
s3.create_bucket(Bucket=sys.argv[1], ObjectLockEnabledForBucket="locked" in sys.argv[2:])
# Temporary credentials have to be made before signatures are checked: that request has none.
role = boto3.client("sts", endpoint_url=endpoint).assume_role_with_web_identity(
    RoleArn="arn:aws:iam::123456789012:role/backup", RoleSessionName="test", WebIdentityToken="x" * 20)["Credentials"]
role = {"id": role["AccessKeyId"], "secret": role["SecretAccessKey"], "token": role["SessionToken"]}
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print(json.dumps({"port": server.server_port, "role": role, **users}), flush=True)
sys.stdin.read()
os._exit(0)
