"""Makes keys and an access file in a folder, and sends requests with tokens that PyJWT and openssl made.

    access.py make FOLDER            writes the keys, and tokens.json: a token a line of what is in it
    access.py grpc HOST:PORT KEY [TEAM]   sends an empty request by gRPC; prints the status and its message

Tokens are made here and not by the gateway's own libraries, so that two implementations must agree.
"""

import base64
import json
import subprocess
import sys
import time

SECRET = "planted-hs256-secret-planted-hs256-secret"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_openssl(header, claims, key):
    """RS256 by `openssl dgst`."""
    message = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", key], input=message.encode(), stdout=subprocess.PIPE, check=True)
    return message + "." + b64(signature.stdout)


def make(folder):
    import jwt
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def run(*words):
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    run("openssl", "genrsa", "-out", "rsa.key", "2048")
    run("openssl", "rsa", "-in", "rsa.key", "-pubout", "-out", "rsa.pem")
    curve = ec.generate_private_key(ec.SECP256R1())
    public = jwt.algorithms.ECAlgorithm.to_jwk(curve.public_key(), as_dict=True)
    with open(f"{folder}/jwks.json", "w", encoding="ascii") as file:
        json.dump({"keys": [{**public, "kid": "curve-1", "use": "sig", "alg": "ES256"}]}, file)
    private = curve.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with open(f"{folder}/secret.txt", "w", encoding="ascii") as file:
        file.write(SECRET + "\n")
    now = int(time.time())
    claims = {"aud": "hoglet", "exp": now + 3600, "nbf": now, "team_id": 8}
    tokens = {
        "hs256": jwt.encode(claims, SECRET, "HS256"),
        "es256": jwt.encode(claims, private, "ES256", headers={"kid": "curve-1"}),
        "rs256": by_openssl({"alg": "RS256", "kid": "rsa-1"}, claims, f"{folder}/rsa.key"),
        "expired": jwt.encode({**claims, "exp": now - 60}, SECRET, "HS256"),
        "future": jwt.encode({**claims, "nbf": now + 600}, SECRET, "HS256"),
        "audience": jwt.encode({**claims, "aud": "other"}, SECRET, "HS256"),
        "team": jwt.encode({**claims, "team_id": 9}, SECRET, "HS256"),
        "kid": jwt.encode(claims, SECRET, "HS256", headers={"kid": "nobody"}),
        "none": jwt.encode(claims, None, "none"),
        "huge": jwt.encode({**claims, "roles": "x" * 7000}, SECRET, "HS256"),
    }
    tokens["tampered"] = tokens["hs256"][:-5] + "AAAAA"
    with open(f"{folder}/tokens.json", "w", encoding="ascii") as file:
        json.dump(tokens, file)


def by_grpc(target, key, team=None):
    import grpc

    call = grpc.insecure_channel(target).unary_unary(
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export")
    metadata = [("authorization", f"Bearer {key}")] + ([("x-posthog-team-id", team)] if team else [])
    try:
        call(b"", timeout=20, metadata=metadata)
        print("OK")
    except grpc.RpcError as error:
        print(error.code().name, error.details())


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    by_grpc(*sys.argv[2:])
