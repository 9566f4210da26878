// What the access log says of one request of a client: collected while it is under way, a line when it is
// over. Who owned the key and who served it is read off the reply's own fields, so the log and the caller are
// told the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/rng.hpp"
#include "daemon/base/time.hpp"
#include "daemon/config/config.hpp"
#include "daemon/worker/client.hpp"
#include "daemon/worker/turn.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

class AccessRecord {
 public:
  // The head of a request that could not be read has no method.
  AccessRecord(const http::RequestHead&, const Client&, Instant now);

  void request_body(std::size_t bytes) { bytes_in_ += bytes; }
  void reply(const http::ResponseHead&);
  void reply_body(std::size_t bytes) { bytes_out_ += bytes; }

  enum class End : std::uint8_t { whole, cut };  // cut: one of the two sides went away before its end
  void write(config::AccessLogFormat, End, WallTime, Instant now, std::string& line) const;

 private:
  void write_json(End, WallTime, Instant now, std::string& line) const;
  void write_common(WallTime, std::string& line) const;

  Instant begun_;
  std::string client_, method_, target_, host_, version_;
  Listener listener_;
  int status_ = 0;  // 0: there was no reply
  std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
  std::string owner_, served_by_, hops_, attempts_, error_, request_id_;
};

// A worker's lines, handed on once a turn.
class AccessLog final : public Flushable {
 public:
  AccessLog(const config::Config&, Turn&);

  // Nothing, when there is no log or chance leaves this request out.
  std::unique_ptr<AccessRecord> begin(const http::RequestHead&, const Client&, Rng&) const;
  // Nothing happens with an empty record, which is left empty.
  void end(std::unique_ptr<AccessRecord>&, AccessRecord::End);
  void flush() override;

 private:
  const config::Config& config_;
  Turn& turn_;
  std::string lines_;
};

}  // namespace ringside::worker
