import OTLP

extension Encoding {
  /// The encoding that a `Content-Type` names; parameters such as `charset` are ignored. Nil for any other type.
  init?(contentType: String?) {
    guard let contentType else { return nil }
    let type = contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    switch type {
    case "application/x-protobuf", "application/protobuf": self = .protobuf
    case "application/json": self = .json
    default: return nil
    }
  }
}
