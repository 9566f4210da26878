// Pieces that several TChannel messages share. Private to this folder.
#pragma once

#include "proto/tchannel/message.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace ringside::tchannel {

Tracing read_tracing(wire::Reader&);
void write_tracing(wire::Writer&, const Tracing&);

// The transport headers of a call: nh:1 (key~1 value~1){nh}.
Headers read_call_headers(wire::Reader&);
void write_call_headers(wire::Writer&, const Headers&);

// Writes a frame header; close_frame() fills in the size. Returns where the frame began.
std::size_t open_frame(wire::Writer&, FrameType, std::uint32_t id);
void close_frame(wire::Writer&, std::size_t begin);

}  // namespace ringside::tchannel
