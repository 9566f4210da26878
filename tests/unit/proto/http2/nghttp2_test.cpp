// Whole sessions with nghttp2 at the other end: heads, bodies larger than the windows, trailers, in pieces.
#include <nghttp2/nghttp2.h>

#include <catch2/catch.hpp>
#include <map>
#include <memory>

#include "daemon/base/rng.hpp"
#include "wire.hpp"

namespace ringside::test {
namespace {

using http2::Role;

// An nghttp2 session that remembers what it is told. A server echoes each body, with a trailer.
class Nghttp2Side {
 public:
  explicit Nghttp2Side(Role role) : role_(role) {
    nghttp2_session_callbacks* callbacks = nullptr;
    REQUIRE(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session* session = nullptr;
    const auto create = role == Role::client ? nghttp2_session_client_new : nghttp2_session_server_new;
    REQUIRE(create(&session, callbacks, this) == 0);
    nghttp2_session_callbacks_del(callbacks);
    session_.reset(session);
    REQUIRE(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0) == 0);
  }

  std::int32_t submit(const std::string& path, const std::string& body) {
    std::vector<nghttp2_nv> pairs = {pair(":method", "POST"), pair(":scheme", "http"), pair(":path", path),
                                     pair(":authority", "a"), pair("x-mine", "the same each time")};
    nghttp2_data_provider provider{};
    provider.read_callback = on_read;
    const auto id =
        nghttp2_submit_request(session_.get(), nullptr, pairs.data(), pairs.size(), &provider, nullptr);
    REQUIRE(id > 0);
    to_send_[id] = body;
    return id;
  }

  std::string output() {
    std::string out;
    for (;;) {
      const std::uint8_t* data = nullptr;
      const auto size = nghttp2_session_mem_send(session_.get(), &data);
      REQUIRE(size >= 0);
      if (size == 0) return out;
      out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    }
  }
  void receive(std::string_view bytes) {
    const auto used = nghttp2_session_mem_recv(
        session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    REQUIRE(used == static_cast<ssize_t>(bytes.size()));
  }

  struct Heard {
    std::map<std::string, std::string> fields;
    std::string body;
    int closed = 0;
    std::uint32_t code = 0;
  };
  std::map<std::int32_t, Heard> heard;

 private:
  static nghttp2_nv pair(std::string_view name, std::string_view value) {
    const auto at = [](std::string_view text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    return {at(name), at(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }
  static Nghttp2Side& of(void* user) { return *static_cast<Nghttp2Side*>(user); }

  void answer(std::int32_t id) {
    to_send_[id] = heard[id].body;
    std::vector<nghttp2_nv> pairs = {pair(":status", "200"), pair("x-yours", "the same each time")};
    nghttp2_data_provider provider{};
    provider.read_callback = on_read;
    REQUIRE(nghttp2_submit_response(session_.get(), id, pairs.data(), pairs.size(), &provider) == 0);
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_length, const std::uint8_t* value, std::size_t value_length,
                       std::uint8_t, void* user) {
    of(user)
        .heard[frame->hd.stream_id]
        .fields[std::string(reinterpret_cast<const char*>(name), name_length)] =
        std::string(reinterpret_cast<const char*>(value), value_length);
    return 0;
  }
  static int on_chunk(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                      std::size_t length, void* user) {
    of(user).heard[id].body.append(reinterpret_cast<const char*>(data), length);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    const bool message = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (of(user).role_ == Role::server && message && end) of(user).answer(frame->hd.stream_id);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    ++of(user).heard[id].closed;
    of(user).heard[id].code = code;
    return 0;
  }
  static ssize_t on_read(nghttp2_session* session, std::int32_t id, std::uint8_t* to, std::size_t room,
                         std::uint32_t* flags, nghttp2_data_source*, void* user) {
    std::string& left = of(user).to_send_[id];
    const std::size_t count = std::min(room, left.size());
    std::copy_n(left.begin(), count, to);
    left.erase(0, count);
    if (!left.empty()) return static_cast<ssize_t>(count);
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const auto trailer = pair("x-sum", "42");
    REQUIRE(nghttp2_submit_trailer(session, id, &trailer, 1) == 0);
    return static_cast<ssize_t>(count);
  }

  struct Deleter {
    void operator()(nghttp2_session* p) const { nghttp2_session_del(p); }
  };
  Role role_;
  std::map<std::int32_t, std::string> to_send_;
  std::unique_ptr<nghttp2_session, Deleter> session_;
};

// Until neither has more to say.
void settle(Side& ours, Nghttp2Side& theirs, Rng& rng) {
  for (;;) {
    std::string bytes;
    ours.session.take_output(bytes);
    theirs.receive(bytes);
    const std::string back = theirs.output();
    for (std::string_view left = back; !left.empty();) {
      const auto piece = left.substr(0, 1 + rng.below(5000));
      REQUIRE(ours.session.receive(std::string(piece)));
      left.remove_prefix(piece.size());
    }
    if (bytes.empty() && back.empty()) return;
  }
}

std::string body_of(Rng& rng) {
  return std::string(rng.chance(1, 10) ? 300'000 + rng.below(100'000) : rng.below(3000),
                     static_cast<char>('a' + rng.below(26)));
}

}  // namespace

TEST_CASE("our server answers an nghttp2 client, request after request", "[http2]") {
  Rng rng(11);
  Side server(Role::server);
  Nghttp2Side client(Role::client);
  for (int round = 0; round < 60; ++round) {
    std::map<std::int32_t, std::string> asked;
    for (std::uint64_t i = 1 + rng.below(8); i > 0; --i) {
      const std::string body = body_of(rng);
      asked[client.submit("/p" + std::to_string(rng.below(20)), body)] = body;
    }
    settle(server, client, rng);
    for (const auto& [id, body] : asked) {
      const Seen& seen = server.streams[id];
      REQUIRE((seen.body == body));
      REQUIRE(seen.fields.at("x-mine") == "the same each time");
      REQUIRE(seen.trailers == std::vector<std::pair<std::string, std::string>>{{"x-sum", "42"}});
      auto head = reply(200, {http::BodyKind::chunked, 0});
      head.fields = {{"X-Yours", "the same each time"}};
      server.session.submit_continue(id);
      server.session.submit_response(id, head, false);
      server.session.send_data(id, body, false);
      server.session.send_end(id, {{"x-sum", "43"}});
    }
    settle(server, client, rng);
    for (const auto& [id, body] : asked) {
      const auto& heard = client.heard[id];
      REQUIRE((heard.body == body));
      REQUIRE(heard.fields.at(":status") == "200");
      REQUIRE(heard.fields.at("x-yours") == "the same each time");
      REQUIRE(heard.fields.at("x-sum") == "43");
      REQUIRE((heard.closed == 1 && heard.code == 0));
    }
  }
  CHECK(server.session.open_streams() == 0);
}

TEST_CASE("our client is answered by an nghttp2 server, request after request", "[http2]") {
  Rng rng(12);
  Side client(Role::client);
  Nghttp2Side server(Role::server);
  for (int round = 0; round < 60; ++round) {
    std::map<std::int32_t, std::string> asked;
    for (std::uint64_t i = 1 + rng.below(8); i > 0; --i) {
      const std::string path = "/p" + std::to_string(rng.below(20)), body = body_of(rng);
      auto head = post(path);
      head.fields = {{"X-Mine", "the same each time"}, {"Authorization", "secret"}};
      const auto id = client.session.submit_request(head, false);
      REQUIRE(id);
      client.session.send_data(*id, body, false);
      client.session.send_end(*id, {{"x-sum", "41"}});
      asked[*id] = body;
    }
    settle(client, server, rng);
    for (const auto& [id, body] : asked) {
      REQUIRE(server.heard[id].fields.at("x-mine") == "the same each time");
      REQUIRE(server.heard[id].fields.at("authorization") == "secret");
      REQUIRE(server.heard[id].fields.at("x-sum") == "41");
      const Seen& seen = client.streams[id];
      REQUIRE(seen.status == 200);
      REQUIRE((seen.body == body));
      REQUIRE(seen.fields.at("x-yours") == "the same each time");
      REQUIRE(seen.trailers == std::vector<std::pair<std::string, std::string>>{{"x-sum", "42"}});
      REQUIRE((seen.closed == 1 && seen.code == http2::Code::no_error));
    }
  }
  CHECK(client.session.open_streams() == 0);
}

}  // namespace ringside::test
