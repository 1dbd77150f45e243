import OTLP
import Transport

extension Encoding {
  /// The encoding of a request; nil for any that is not served.
  init?(_ head: RequestHead) {
    guard head.wire == .grpc else {
      self.init(contentType: head.contentType)
      return
    }
    let type = head.contentType?.prefix { $0 != ";" } ?? ""
    guard type == "application/grpc" || type == "application/grpc+proto" else { return nil }
    self = .protobuf
  }

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
