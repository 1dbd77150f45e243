package import Bytes
package enum SHA256 { package static func digest(_ b: ByteSpan, _ s: Slice) -> [UInt8] { [] } }
package enum UUID5 { package static func make(namespace: (UInt64, UInt64), name: ByteSpan, _ s: Slice) -> (UInt64, UInt64) { (0,0) } }
