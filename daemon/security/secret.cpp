#include "daemon/security/secret.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/time.hpp"

namespace ringside::security {
namespace {

std::string octal(mode_t mode) {
  std::string text = "0000";
  for (std::size_t i = 0; i < 3; ++i) text[3 - i] = static_cast<char>('0' + (mode >> (3 * i) & 7));
  return text;
}

std::string cannot_read(const std::string& path, const std::string& cause) {
  return "cannot read " + path + ": " + cause;
}

// Files can always be read, and of a pipe nobody knows when.
bool readable(int fd, Instant deadline) {
  pollfd wanted{fd, POLLIN, 0};
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(deadline - Clock::now()).count();
    const int found = ::poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (found >= 0 || errno != EINTR) return found > 0;
  }
}

Result<SecretText, std::string> read_all(int fd, const std::string& path) {
  const Instant deadline = Clock::now() + limits::secret_pipe_time;
  std::string text(limits::secret_file_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    if (!readable(fd, deadline))
      return cannot_read(path,
                         "its other end was not closed within " + print_duration(limits::secret_pipe_time));
    const auto count = ::read(fd, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path, std::strerror(errno));
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > limits::secret_file_bytes)
    return path + " has more than " + std::to_string(limits::secret_file_bytes) +
           " bytes: is it the right file?";
  text.resize(size);
  return SecretText{std::move(text)};
}

Result<SecretText, std::string> read_open(int fd, const std::string& path, bool secret) {
  struct stat info{};
  struct statvfs mount{};
  if (::fstat(fd, &info) != 0 || ::fstatvfs(fd, &mount) != 0) return cannot_read(path, std::strerror(errno));
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) return cannot_read(path, "it is no file");
  if (auto fault = mode_fault(info.st_mode, (mount.f_flag & ST_RDONLY) != 0, path); secret && !fault.empty())
    return fault;
  return read_all(fd, path);
}

Result<SecretText, std::string> open_and_read(const std::string& path, bool secret) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return cannot_read(path, std::strerror(errno));
  auto read = read_open(fd, path, secret);
  ::close(fd);
  return read;
}

}  // namespace

std::string mode_fault(mode_t mode, bool read_only_mount, const std::string& path) {
  constexpr mode_t others_may = S_IRWXO | S_IWGRP;
  if (read_only_mount || (mode & others_may) == 0) return "";
  return path + " has the mode " + octal(mode) + ": others on this machine can " +
         ((mode & S_IROTH) != 0 ? "read" : "change") + " the secret; chmod 0600 " + path +
         " (0640 to share it with its group)";
}

Result<SecretText, std::string> read_secret_file(const std::string& path) {
  return open_and_read(path, true);
}

Result<SecretText, std::string> read_public_file(const std::string& path) {
  return open_and_read(path, false);
}

std::vector<std::pair<std::size_t, std::string_view>> secret_lines(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  std::vector<std::pair<std::size_t, std::string_view>> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos || line[first] == '#') continue;
    lines.emplace_back(number, line.substr(first, line.find_last_not_of(blanks) + 1 - first));
  }
  return lines;
}

Digest sha256(std::string_view bytes) {
  Digest digest;
  ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

Digest hmac_sha256(std::string_view secret, std::string_view bytes) {
  Digest digest;
  ::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(), nullptr);
  return digest;
}

bool equal(const Digest& left, const Digest& right) noexcept {
  return ::CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string hex(std::span<const unsigned char> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

void fill_random(std::span<unsigned char> bytes) {
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
}

}  // namespace ringside::security
