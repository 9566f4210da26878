// Where one frame ends and the next begins (proto/spec/tchannel.md, "Frames").
#include "proto/tchannel/message.hpp"
#include "proto/wire/reader.hpp"

namespace ringside::tchannel {

Step next_frame(std::span<const std::uint8_t> buffered) {
  if (buffered.size() < 2) return NeedMore{header_bytes - buffered.size()};
  wire::Reader in(buffered);
  const std::size_t size = in.u16();
  // Known after two bytes, so a connection that speaks something else is refused without waiting for more.
  if (size < header_bytes) return WireError{wire::WireErrc::bad_length, 0};
  if (buffered.size() < size) return NeedMore{size - buffered.size()};
  const auto type = static_cast<FrameType>(in.u8());
  in.u8();  // reserved
  const std::uint32_t id = in.u32();
  return FrameView{type, id, buffered.subspan(header_bytes, size - header_bytes), size};
}

}  // namespace ringside::tchannel
