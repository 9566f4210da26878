// Heads in HTTP/2 dress: HeadReader gathers the fields of one block (blocks of a connection never interleave,
// so one reader serves all streams) and judges them by RFC 9113 8; PlainHead is a head made ready to be
// compressed. Both keep their memory from head to head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http/message.hpp"
#include "proto/http/names.hpp"
#include "proto/http2/frame.hpp"
#include "proto/http2/hpack.hpp"

namespace ringside::http2 {

class HeadReader {
 public:
  HeadReader(std::size_t bytes_max, std::size_t fields_max) noexcept
      : bytes_max_(bytes_max), fields_max_(fields_max) {}

  void begin() noexcept;
  void add(const HpackField&);
  // The block is over a limit or is no head by RFC 9113 8.1.1: its stream is to be reset.
  [[nodiscard]] std::optional<Code> refused() const noexcept { return refused_; }

  // The head of a finished block; its views live until begin(). Null: it is malformed.
  // `upgrades`: an extended CONNECT may come (RFC 8441).
  const http::RequestHead* request(bool end, bool upgrades);
  // `connect`: the reply to an extended CONNECT.
  const http::ResponseHead* response(bool end, bool to_head, bool connect);
  // Null: malformed, or over that limit.
  const http::Trailers* trailers(std::size_t bytes_max);

 private:
  struct Span {
    std::size_t name, name_length, value, value_length;
    http::Name known;
  };
  enum Pseudo : std::uint8_t { method, scheme, path, authority, protocol, status, pseudos };

  void refuse(Code code) noexcept {
    if (!refused_) refused_ = code;
  }
  void add_pseudo(const HpackField&);
  [[nodiscard]] bool is_allowed(const HpackField&);
  [[nodiscard]] Span keep(const HpackField&);
  [[nodiscard]] http::Field field(const Span&) const noexcept;
  [[nodiscard]] bool has(Pseudo which) const noexcept { return pseudo_[which].name_length != 0; }
  [[nodiscard]] std::string_view text(Pseudo which) const noexcept { return field(pseudo_[which]).value; }
  [[nodiscard]] bool is_request(bool upgrades) const;
  void join_cookies();

  std::size_t bytes_max_;
  std::size_t fields_max_;
  std::size_t bytes_ = 0;  // as SETTINGS_MAX_HEADER_LIST_SIZE counts them
  std::size_t count_ = 0;
  std::size_t cookies_ = 0;
  std::optional<Code> refused_;
  std::string text_;
  std::vector<Span> spans_;
  Span pseudo_[pseudos] = {};
  std::optional<std::uint64_t> length_;
  http::RequestHead request_;
  http::ResponseHead response_;
  http::Trailers trailers_;
};

// The fields of a head in memory of their own. Compressing waits until the head is sent: HPACK's tables must
// see heads in the order in which they leave, and one that is given up before that leaves nothing behind.
class PlainHead {
 public:
  // :scheme is http. Never indexed: :path, `Ringside-*` and other fields of single use. Host, Content-Length
  // and what belongs to one connection are left out: authority and framing say it.
  void assign(const http::RequestHead&);
  void assign(const http::ResponseHead&);
  void assign_interim(int status);
  void assign(const http::Trailers&);

  void encode(HpackEncoder&, std::string& out) const;
  [[nodiscard]] std::size_t bytes() const noexcept { return text_.size(); }
  [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }
  void clear() noexcept {
    text_.clear();
    fields_.clear();
  }

 private:
  struct Field {
    std::uint32_t name_length, value_length;
    HpackEncoder::Kind kind;
    std::uint8_t index;  // of the static table; not_looked_up
  };
  void add(std::string_view name, std::string_view value, http::Name known, bool single_use = false);
  // A pseudo-field. `index`: of its name, or with `whole` of all of it.
  void add_pseudo(std::uint8_t index, std::string_view value, HpackEncoder::Kind kind);
  void add_whole(std::uint8_t index);
  void add_fields(const std::vector<http::Field>&);
  void add_status(int status);
  void add_length(std::uint64_t length);

  std::string text_;  // name, value, name, value ...
  std::vector<Field> fields_;
};

}  // namespace ringside::http2
