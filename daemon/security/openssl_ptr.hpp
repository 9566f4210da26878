// OpenSSL's objects as owners: whoever holds one frees it; and how keys are read. Inside security/ only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace ringside::security {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Release<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Release<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

// A key that wants a passphrase is none for a daemon: left alone, OpenSSL would ask whoever sits at the
// terminal, and wait.
inline KeyPtr read_private_key(BIO* pem) {
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  return KeyPtr(PEM_read_bio_PrivateKey(pem, nullptr, no_passphrase, nullptr));
}

}  // namespace ringside::security
