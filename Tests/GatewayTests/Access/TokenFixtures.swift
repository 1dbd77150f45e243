/// Keys and tokens that another program made (PyJWT), the private halves thrown away. All tokens are from
/// https://issuer.example for hoglet and team 7, and expire in 2033.
enum TokenFixtures {
  static let rsaPEM = #"""
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxPbqOl5SMnOkmbM3sva5
    Dn6Cg6nKGTdTdZzRSPFQWgY26twPthrkCrUPGFgZpI/xDggkINPrwlLPF/b3qn1v
    Scv+JR+nuyw8ls7H5Cc0fKYzAf4lR1Xx8zrxL0aWxqCEM8TU71vNYdGTWeTQnv9J
    8PE1r1PYv5jBAGcRCD8DCTnjTvUfxR4UIBshku0cnWRTAXvbs0RuPP6g1feWv6uT
    sDUFqZuWK3shO8rFH7r2UOROVsFJ6HO4g4NNfZCHTQUe0P/XDjnAV2OfSXHTH0D8
    YExsgc+r5TsXWfrAgBknQJ3s7lIy+voZpSaV92iipVcuJafPtpZrP5mJZzba/5Sr
    RQIDAQAB
    -----END PUBLIC KEY-----
    """#

  static let ecPEM = #"""
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUtFmMOkGCKPB9x2d2EvN5biQlTiy
    6Jffv0k7JzWVnocGq2j/L4/e0o+qPVpucsS80E5kGq/W8wRbl9IC+Xd2vw==
    -----END PUBLIC KEY-----
    """#

  static let p384PEM = #"""
    -----BEGIN PUBLIC KEY-----
    MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEsmPfjZfAQdKn7InRno98guho9mmGxkDe
    f6Y9FYG5FCiezXLhy5rnATH0ygubKFgdOUVFGscWb9iB+dn3kjS1yCTI0Z2m8mgS
    CJ5KJTcPNbEi2djBFGmzJPltKw6fERR3
    -----END PUBLIC KEY-----
    """#

  static let smallPEM = #"""
    -----BEGIN PUBLIC KEY-----
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDAEFZqC0MnqTTcVOlfD8OFaFNh
    3DHZ+yGALsmoSw0i4MdggdidRoRx0dGlAbQGaAOGENxrzM58YQ0XmxJ5dS/gnehG
    yzh+CVvCJnI2EA+srbe/hkBFnjRU8UhvToRkt/EvgGzZTftD9kq0sqbcLnTDcs+a
    bEX3RgMf9B853E3oDwIDAQAB
    -----END PUBLIC KEY-----
    """#

  static let rs256 = #"""
    eyJhbGciOiJSUzI1NiIsImtpZCI6InIiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaG9nbGV\#
    0IiwiZXhwIjoyMDAwMDAwMDAwLCJ0ZWFtX2lkIjo3fQ.r2yLon4YSRPffjCWgyFFX0jp60kDJByhx5tuDhsh8DFjgx0-VY_WWaeNqGvwHSm9eg\#
    Okjt2kFHitbv60e7JAMzzyQH72rwWbsyT7WASHTjIzld75HAsu3fpmxR9NBZYxmR4tnY_V1Go5PGuwGhh7cxTLV9scW4EsNaOcTHl6kpsQWVqn\#
    kRb-vZjQmoJoJXscYi-DSLuywAJBlplEw5j5vS_1wx8ukkpi6kjFLp-czF1gpd1ee1iS0LQ4qqohFIr5B2_kfJShrrrId3CPdszyOYE57zz7lc\#
    _7xGMsoZR-1rqJ7E-jSt61AcqemAcERPeP6_KfBnSUioeX8aDNEPecIQ
    """#

  static let es256 = #"""
    eyJhbGciOiJFUzI1NiIsImtpZCI6ImUiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaG9nbGV\#
    0IiwiZXhwIjoyMDAwMDAwMDAwLCJ0ZWFtX2lkIjo3fQ.pajlAAH7sLa2SUBqo-nbeZCv5lE1FCQzD9iFXpwYrpXh9HuIylvr79NjkEosr0Suzm\#
    9k-f4InVwIn7yOdGuspg
    """#

  static let ps256 = #"""
    eyJhbGciOiJQUzI1NiIsImtpZCI6InIiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaG9nbGV\#
    0IiwiZXhwIjoyMDAwMDAwMDAwLCJ0ZWFtX2lkIjo3fQ.bt04zyA1O-bb_pLV9GcUSlmmy80Xkml7QMf4LERPz0DOh0OWO67YrZhgzyDZxwe0XK\#
    bmbmtSttOfyBjiL0Vyhi0IRXzp0FthY1x0OEvh48WcfYn3OuMsQockMYC26tEcMLMJrowC60fNzRNfloRO1EwWZPLZ7qxkvDkCS-b1oOkeVqsz\#
    1ykLLyvqWlOBM9SFMUn2E_7XCJIDVAV38CmTH9oj6Xvbn9uF4u47QKsdm3mwWi37Kjc94GQTIh5qTUJLPzaRufr11n5hPamL6HhuFuiaFKoNid\#
    ql-NykErAkFOziVaNkgZM3d-XqYiy62xAV4Jdbuaj1utnqA0uOyqjXHw
    """#

  static let rs512 = #"""
    eyJhbGciOiJSUzUxMiIsImtpZCI6InIiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaG9nbGV\#
    0IiwiZXhwIjoyMDAwMDAwMDAwLCJ0ZWFtX2lkIjo3fQ.kFNMflykjISay0_08uuwyLW5gD1WMwPycSDzVSJb0IBaRFlPDFFg89WgQnFNPZMdzu\#
    AXKzFSjj17dfQJrber8TRZYOoJj0oGnQUeRlDgQWCc9A4vOmKwvE77RqiNBdRaxc9ofNXdg7C-Kdor-YGPEgmmQuy_u8poAGII4PccBA3kK7TD\#
    jP8p7xeY0EnzW0LKMlDd84IuXzzXqNJJxQm_hSomXdycXysKaygGUltvtARsWqebH_2_Xrop8Nr2N9yHa-MpxEpZ7YjE3dFssKDI7c5j10XqYQ\#
    0LbxoM5BJhPUgPCpRpGpc-FXzIKX0wewmeLV5qs_L6hCa-8nirqg-E8A
    """#

  static let es256Nameless = #"""
    eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaG9nbGV0IiwiZXhwIjoyM\#
    DAwMDAwMDAwLCJ0ZWFtX2lkIjo3fQ.QVI7sUt6W_O5WkGaTXtBIArjGWAqIvVjFYCrnak-8VdQNJhE46XY92Oig9uQL7FgWPRqSIQBHz8vVSJu\#
    ZYLOCA
    """#

  static let confused = #"""
    eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InIifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaG9nbGV\#
    0IiwiZXhwIjoyMDAwMDAwMDAwLCJ0ZWFtX2lkIjo3fQ.8ZOY4EKpXBj4pSED2gEXwIsythoDkvFy2ve5u3pz-zI
    """#

  static let jwks = #"""
    {"keys": [{"kty": "RSA", "key_ops": ["verify"], "n": "xPbqOl5SMnOkmbM3sva5Dn6Cg6nKGTdTdZzRSPFQWgY26twPthrkCrUP\#
    GFgZpI_xDggkINPrwlLPF_b3qn1vScv-JR-nuyw8ls7H5Cc0fKYzAf4lR1Xx8zrxL0aWxqCEM8TU71vNYdGTWeTQnv9J8PE1r1PYv5jBAGcRCD\#
    8DCTnjTvUfxR4UIBshku0cnWRTAXvbs0RuPP6g1feWv6uTsDUFqZuWK3shO8rFH7r2UOROVsFJ6HO4g4NNfZCHTQUe0P_XDjnAV2OfSXHTH0D8\#
    YExsgc-r5TsXWfrAgBknQJ3s7lIy-voZpSaV92iipVcuJafPtpZrP5mJZzba_5SrRQ", "e": "AQAB", "kid": "r", "use": "sig", "a\#
    lg": "RS256"}, {"kty": "EC", "crv": "P-256", "x": "UtFmMOkGCKPB9x2d2EvN5biQlTiy6Jffv0k7JzWVnoc", "y": "Bqto_y-\#
    P3tKPqj1abnLEvNBOZBqv1vMEW5fSAvl3dr8", "kid": "e", "use": "sig"}, {"kty": "EC", "crv": "P-384", "x": "smPfjZfA\#
    QdKn7InRno98guho9mmGxkDef6Y9FYG5FCiezXLhy5rnATH0ygubKFgd", "y": "OUVFGscWb9iB-dn3kjS1yCTI0Z2m8mgSCJ5KJTcPNbEi2\#
    djBFGmzJPltKw6fERR3", "kid": "p384", "use": "sig"}, {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": "11qYAY\#
    KxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, {"kty": "RSA", "key_ops": ["verify"], "n": "xPbqOl5SMnOkmbM3sva5Dn6Cg\#
    6nKGTdTdZzRSPFQWgY26twPthrkCrUPGFgZpI_xDggkINPrwlLPF_b3qn1vScv-JR-nuyw8ls7H5Cc0fKYzAf4lR1Xx8zrxL0aWxqCEM8TU71v\#
    NYdGTWeTQnv9J8PE1r1PYv5jBAGcRCD8DCTnjTvUfxR4UIBshku0cnWRTAXvbs0RuPP6g1feWv6uTsDUFqZuWK3shO8rFH7r2UOROVsFJ6HO4g\#
    4NNfZCHTQUe0P_XDjnAV2OfSXHTH0D8YExsgc-r5TsXWfrAgBknQJ3s7lIy-voZpSaV92iipVcuJafPtpZrP5mJZzba_5SrRQ", "e": "AQAB\#
    ", "kid": "enc", "use": "enc", "alg": "RSA-OAEP"}]}
    """#

  static let smallJWKS = #"""
    {"keys": [{"kty": "RSA", "key_ops": ["verify"], "n": "wBBWagtDJ6k03FTpXw_DhWhTYdwx2fshgC7JqEsNIuDHYIHYnUaEcdHR\#
    pQG0BmgDhhDca8zOfGENF5sSeXUv4J3oRss4fglbwiZyNhAPrK23v4ZARZ40VPFIb06EZLfxL4Bs2U37Q_ZKtLKm3C50w3LPmmxF90YDH_QfOd\#
    xN6A8", "e": "AQAB", "kid": "s", "use": "sig"}]}
    """#
}
