import Bytes
import OTLP
import Telemetry
import Testing

@Suite struct ResponseTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test(arguments: Signal.allCases)
  func `full success leaves partial success unset`(signal: Signal) {
    #expect(ExportResponse.body(signal, rejected: 0, message: "", encoding: .protobuf).isEmpty)
    #expect(text(ExportResponse.body(signal, rejected: 0, message: "", encoding: .json)) == "{}")
  }

  @Test func `partial success has the count and the reason`() {
    let expected = Encode.bytes(1, Encode.varint(1, 300) + Encode.text(2, "why"))
    #expect(ExportResponse.body(.traces, rejected: 300, message: "why", encoding: .protobuf) == expected)
    #expect(
      text(ExportResponse.body(.traces, rejected: 300, message: "wh\"y", encoding: .json))
        == #"{"partialSuccess":{"rejectedSpans":"300","errorMessage":"wh\"y"}}"#)
    #expect(
      text(ExportResponse.body(.logs, rejected: 1, message: "", encoding: .json))
        == #"{"partialSuccess":{"rejectedLogRecords":"1"}}"#)
  }

  @Test func `metrics can be answered with a warning that rejects nothing`() {
    #expect(
      text(ExportResponse.metrics(rejected: 0, message: "not kept", encoding: .json))
        == #"{"partialSuccess":{"errorMessage":"not kept"}}"#)
    #expect(
      ExportResponse.metrics(rejected: 0, message: "not kept", encoding: .protobuf)
        == Encode.bytes(1, Encode.text(2, "not kept")))
  }

  @Test func `a status says code and message in both encodings`() {
    #expect(StatusBody.body(code: 3, message: "no", encoding: .protobuf) == Encode.varint(1, 3) + Encode.text(2, "no"))
    #expect(text(StatusBody.body(code: 3, message: "n\"o", encoding: .json)) == #"{"code":3,"message":"n\"o"}"#)
    #expect(StatusBody.body(code: 0, message: "", encoding: .protobuf).isEmpty)
  }

  @Test func `a status that can pass says when to come again, as google.rpc.RetryInfo`() {
    let type = "type.googleapis.com/google.rpc.RetryInfo"
    let delay = Encode.bytes(1, Encode.varint(1, 1))
    #expect(
      StatusBody.body(code: 14, message: "later", retryAfter: 1, encoding: .protobuf)
        == Encode.varint(1, 14) + Encode.text(2, "later")
        + Encode.bytes(3, Encode.text(1, type) + Encode.bytes(2, delay)))
    #expect(
      text(StatusBody.body(code: 14, message: "later", retryAfter: 1, encoding: .json))
        == #"{"code":14,"message":"later","details":[{"@type":"\#(type)","retryDelay":"1s"}]}"#)
  }

  @Test(arguments: Encoding.allCases)
  func `messages are cut at 4 KiB, between characters`(encoding: Encoding) throws {
    for (character, width) in [("x", 1), ("é", 2), ("€", 3), ("😀", 4)] {
      for padding in 0..<4 {
        let message = String(repeating: "a", count: padding) + String(repeating: character, count: 5_000)
        let body = StatusBody.body(code: 0, message: message, encoding: encoding)
        let kept = padding + (Limits.messageBytesMax - padding) / width * width
        #expect(String(validating: body, as: UTF8.self) != nil || encoding == .protobuf)
        #expect(body.count == (encoding == .json ? kept + #"{"code":0,"message":""}"#.utf8.count : kept + 3))
      }
    }
    let exact = String(repeating: "x", count: Limits.messageBytesMax)
    #expect(StatusBody.body(code: 0, message: exact, encoding: .protobuf).count == Limits.messageBytesMax + 3)
  }
}
