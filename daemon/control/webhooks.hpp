// Tells the webhooks of the settings what happens: api::WebhookQueue says what and in which order, this signs
// it, sends it and tries again. One POST is under way for each webhook; a slow one delays nobody else.
// Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "daemon/api/view.hpp"
#include "daemon/base/result.hpp"
#include "daemon/config/config.hpp"
#include "daemon/net/timers.hpp"
#include "daemon/obs/catalog.hpp"

namespace ringside::control {

// What an answer, or none (0), means for the event that was sent.
enum class WebhookVerdict : std::uint8_t { delivered, again, refused };
[[nodiscard]] WebhookVerdict judge_webhook_answer(int status) noexcept;

class Webhooks {
 public:
  // Reads the secrets; the error is one sentence.
  [[nodiscard]] static Result<std::unique_ptr<Webhooks>, std::string> open(boost::asio::io_context&,
                                                                           const config::Config&,
                                                                           obs::ControlMetrics&);
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  void on_view(api::ViewPtr);

 private:
  struct Hook;
  Webhooks(boost::asio::io_context&, obs::ControlMetrics&);

  net::Timers timers_;
  boost::asio::io_context& io_;
  obs::ControlMetrics& metrics_;
  api::ViewPtr view_;
  std::vector<std::unique_ptr<Hook>> hooks_;
};

}  // namespace ringside::control
