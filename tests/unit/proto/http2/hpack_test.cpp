// HPACK: the examples of RFC 7541 C, and nghttp2, which is of another hand: what one writes the other reads,
// for as long as a connection lasts.
#include "proto/http2/hpack.hpp"

#include <nghttp2/nghttp2.h>

#include <catch2/catch.hpp>
#include <memory>
#include <optional>

#include "daemon/base/rng.hpp"
#include "proto/http2/huffman.hpp"

namespace ringside::test {
namespace {

using Kind = http2::HpackEncoder::Kind;
using Fields = std::vector<std::pair<std::string, std::string>>;

std::string bytes(std::string_view hex) {
  std::string out;
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  return out;
}

// Each read from a buffer of its own, so that a read beyond its end shows.
std::optional<Fields> decode(http2::HpackDecoder& decoder, const std::string& block) {
  const std::vector<char> exact(block.begin(), block.end());
  Fields fields;
  http2::HpackField field;
  for (decoder.begin({exact.data(), exact.size()}); decoder.next(field);)
    fields.emplace_back(field.name, field.value);
  if (decoder.failed()) return std::nullopt;
  return fields;
}

class Nghttp2 {
 public:
  Nghttp2() {
    nghttp2_hd_inflater* in = nullptr;
    nghttp2_hd_deflater* out = nullptr;
    REQUIRE(nghttp2_hd_inflate_new(&in) == 0);
    REQUIRE(nghttp2_hd_deflate_new(&out, http2::table_bytes) == 0);
    in_.reset(in);
    out_.reset(out);
  }
  void limit(std::size_t size) { REQUIRE(nghttp2_hd_deflate_change_table_size(out_.get(), size) == 0); }
  void limit_reader(std::size_t size) { REQUIRE(nghttp2_hd_inflate_change_table_size(in_.get(), size) == 0); }

  std::string write(const Fields& fields, bool single_use) {
    std::vector<nghttp2_nv> pairs;
    const auto at = [](const std::string& text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    const auto flags = single_use ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
    for (const auto& [name, value] : fields)
      pairs.push_back({at(name), at(value), name.size(), value.size(), static_cast<std::uint8_t>(flags)});
    std::string block(nghttp2_hd_deflate_bound(out_.get(), pairs.data(), pairs.size()), '\0');
    const auto size = nghttp2_hd_deflate_hd(out_.get(), reinterpret_cast<std::uint8_t*>(block.data()),
                                            block.size(), pairs.data(), pairs.size());
    REQUIRE(size >= 0);
    block.resize(static_cast<std::size_t>(size));
    return block;
  }
  std::optional<Fields> read(std::string_view block) {
    Fields fields;
    for (;;) {
      nghttp2_nv pair;
      int flags = 0;
      const auto used = nghttp2_hd_inflate_hd2(
          in_.get(), &pair, &flags, reinterpret_cast<const std::uint8_t*>(block.data()), block.size(), 1);
      if (used < 0) return std::nullopt;
      block.remove_prefix(static_cast<std::size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        fields.emplace_back(std::string(reinterpret_cast<char*>(pair.name), pair.namelen),
                            std::string(reinterpret_cast<char*>(pair.value), pair.valuelen));
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(in_.get());
    return fields;
  }

 private:
  struct Deleter {
    void operator()(nghttp2_hd_inflater* p) const { nghttp2_hd_inflate_del(p); }
    void operator()(nghttp2_hd_deflater* p) const { nghttp2_hd_deflate_del(p); }
  };
  std::unique_ptr<nghttp2_hd_inflater, Deleter> in_;
  std::unique_ptr<nghttp2_hd_deflater, Deleter> out_;
};

// Heads as they come on one connection: many fields again and again, some new ones, some too large for the
// table.
Fields draw(Rng& rng) {
  static const std::vector<std::string> names = {":method",    ":path",  ":authority", "accept",
                                                 "user-agent", "cookie", "x-mine",     "x-yours",
                                                 "set-cookie", "date"};
  Fields fields;
  for (std::uint64_t i = rng.below(12); i > 0; --i) {
    std::string value;
    switch (rng.below(6)) {
      case 0: value = "GET"; break;
      case 1: value = std::string(rng.below(300), static_cast<char>(rng.below(256))); break;
      case 2: value = rng.chance(1, 20) ? std::string(5000, 'v') : ""; break;
      default: value = "value " + std::to_string(rng.below(40));
    }
    fields.emplace_back(names[rng.below(names.size())], value);
  }
  return fields;
}

std::string encode(http2::HpackEncoder& encoder, const Fields& fields, Rng& rng) {
  std::string out;
  encoder.begin(out);
  for (const auto& [name, value] : fields)
    encoder.add(out, name, value, rng.chance(1, 4) ? Kind::single_use : Kind::common);
  return out;
}

}  // namespace

TEST_CASE("the requests of RFC 7541 C.3 and C.4 are read, plain and Huffman-coded", "[http2]") {
  const std::vector<Fields> wanted = {
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "www.example.com"}},
      {{":method", "GET"},
       {":scheme", "http"},
       {":path", "/"},
       {":authority", "www.example.com"},
       {"cache-control", "no-cache"}},
      {{":method", "GET"},
       {":scheme", "https"},
       {":path", "/index.html"},
       {":authority", "www.example.com"},
       {"custom-key", "custom-value"}}};
  const std::vector<std::vector<std::string>> blocks = {
      {"828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865",
       "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565"},
      {"828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf",
       "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"}};
  for (const auto& kind : blocks) {
    http2::HpackDecoder decoder;
    for (std::size_t i = 0; i < kind.size(); ++i) CHECK(decode(decoder, bytes(kind[i])) == wanted[i]);
  }
}

TEST_CASE("every byte has its Huffman code, and padding is a few ones", "[http2]") {
  Nghttp2 other;
  for (int c = 0; c < 256; ++c) {
    // So many short codes that the whole is shorter than plain, which is when it is coded.
    const Fields fields = {{"x", std::string(1, static_cast<char>(c)) + std::string(40, 'e')}};
    http2::HpackDecoder decoder;
    CHECK(decode(decoder, other.write(fields, true)) == fields);
  }
  std::string out;
  CHECK(http2::decode_huffman("", out));
  CHECK(out.empty());
  CHECK(http2::decode_huffman(bytes("1f"), out));  // 'a' is 00011
  CHECK(out == "a");
  CHECK_FALSE(http2::decode_huffman(bytes("18"), out));        // padded with zeros
  CHECK_FALSE(http2::decode_huffman(bytes("1fff"), out));      // padded with eleven ones
  CHECK_FALSE(http2::decode_huffman(bytes("ffffffff"), out));  // EOS
}

TEST_CASE("nghttp2 reads what we write, whatever table it allows", "[http2]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    Nghttp2 other;
    http2::HpackEncoder encoder;
    http2::HpackDecoder ours;
    std::size_t plain = 0, packed = 0;
    for (int i = 0; i < 300; ++i) {
      if (rng.chance(1, 20)) {
        for (std::uint64_t changes = 1 + rng.below(2); changes > 0;
             --changes) {  // 4.2: both of two must be said
          const std::size_t size = rng.below(6000);
          encoder.limit(size);
          other.limit_reader(size);
        }
      }
      const Fields fields = draw(rng);
      const std::string block = encode(encoder, fields, rng);
      REQUIRE(other.read(block) == fields);
      REQUIRE(decode(ours, block) == fields);
      for (const auto& [name, value] : fields) plain += name.size() + value.size();
      packed += block.size();
    }
    CHECK(packed < plain);
  }
}

TEST_CASE("we read what nghttp2 writes, whatever its table", "[http2]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    Nghttp2 other;
    http2::HpackDecoder decoder;
    for (int i = 0; i < 300; ++i) {
      if (rng.chance(1, 20)) other.limit(rng.below(4097));
      const Fields fields = draw(rng);
      REQUIRE(decode(decoder, other.write(fields, rng.chance(1, 4))) == fields);
    }
  }
}

TEST_CASE("spoiled blocks: what nghttp2 reads we read alike, and what it refuses we refuse", "[http2]") {
  Rng rng(7);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    Nghttp2 writer, other;
    http2::HpackDecoder decoder;
    std::string block = writer.write(draw(rng), rng.chance(1, 4));
    for (std::uint64_t i = 1 + rng.below(3); i > 0 && !block.empty(); --i) {
      const std::size_t at = rng.below(block.size());
      switch (rng.below(3)) {
        case 0: block[at] = static_cast<char>(rng.next()); break;
        case 1: block.erase(at, 1 + rng.below(3)); break;
        default: block.insert(at, 1, static_cast<char>(rng.next()));
      }
    }
    const auto theirs = other.read(block);
    const auto ours = decode(decoder, block);
    REQUIRE(ours == theirs);
    read += ours ? 1 : 0;
  }
  CHECK(read > 1000);
  CHECK(read < 19'000);
}

TEST_CASE("a field that comes again costs a byte or two", "[http2]") {
  http2::HpackEncoder encoder;
  std::string first, second;
  for (std::string* out : {&first, &second})
    for (int i = 0; i < 40; ++i)
      encoder.add(*out, "x-field-" + std::to_string(i), "the value of number " + std::to_string(i),
                  Kind::common);
  CHECK(first.size() > 40 * 30);
  CHECK(second.size() < 40 * 2 + 60);  // one or two may have lost their place
}

TEST_CASE("a secret enters no table", "[http2]") {
  http2::HpackEncoder encoder;
  std::string first, second;
  encoder.add(first, "authorization", "secret", Kind::single_use);
  encoder.add(second, "authorization", "secret", Kind::single_use);
  CHECK(first == second);
  CHECK((static_cast<unsigned char>(first[0]) & 0xf0) == 0x10);  // never indexed (6.2.3)
}

}  // namespace ringside::test
