import NIOCore

@testable import Transport

/// gRPC's framing: a body in pieces gives the same message, or the same fault, as in one; headers and trailers of
/// whatever text are what HTTP/2 can carry.
enum GRPCTarget {
  static func run(_ input: [UInt8]) {
    guard let size = input.first.map({ Int($0) % 32 + 1 }) else { return }
    let body = input.dropFirst()
    for encoding in [nil, "gzip"] {
      let whole = receive([body], encoding)
      let pieces = receive(
        stride(from: body.startIndex, to: body.endIndex, by: size).map { body[$0..<min($0 + size, body.endIndex)] },
        encoding)
      Fuzzing.expect(whole == pieces, "a message is the same in pieces of \(size): \(whole), \(pieces)")
    }
    let text = String(decoding: body, as: UTF8.self)
    _ = GRPC.isGRPC(text)
    if let timeout = GRPC.timeout(text) { Fuzzing.expect(timeout >= .zero, "no deadline lies in the past") }
    var response = Response.text(400, text)
    response.failure = Response.Failure(code: GRPC.internalError, message: text)
    for (name, value) in GRPC.trailers(response) {
      Fuzzing.expect(value.utf8.allSatisfy { (0x20...0x7e).contains($0) }, "\(name) is visible ASCII")
    }
  }

  private static func receive(_ pieces: [ArraySlice<UInt8>], _ encoding: String?) -> String {
    let limits = TransportLimits()
    let budget = BodyBudget(bytesMax: 1 << 30)
    let stream = HTTP2Stream(1, peer: "", budget: budget, deadline: .distantFuture)
    note(stream, "content-type", "application/grpc", limits)
    if let encoding { note(stream, "grpc-encoding", encoding, limits) }
    stream.finishHead(endsStream: false)
    _ = stream.body.accept(limits.bodyBytesMax, length: nil, limits)
    for piece in pieces {
      if let fault = unsafe piece.withUnsafeBytes({ unsafe stream.receive($0, limits) }) { return "\(fault)" }
    }
    if let fault = stream.bodyFaultAtEnd() { return "\(fault)" }
    let (bytes, reserved) = stream.body.take()
    budget.release(reserved)
    return "\(stream.request.contentEncoding ?? "") \(bytes)"
  }

  private static func note(_ stream: HTTP2Stream, _ name: String, _ value: String, _ limits: TransportLimits) {
    var (name, value) = (name, value)
    name.withUTF8 { name in value.withUTF8 { unsafe stream.note(name, $0, limits) } }
  }
}
