// The Huffman code of HPACK (RFC 7541 5.2 and appendix B), read only: what we write ourselves stays plain,
// because between hosts of a cluster bytes are cheaper than the work on them.
#pragma once

#include <string>
#include <string_view>

namespace ringside::http2 {

// Replaces `out`. False: the code breaks off, holds EOS, or is padded with anything but less than eight ones.
[[nodiscard]] bool decode_huffman(std::string_view code, std::string& out);

}  // namespace ringside::http2
