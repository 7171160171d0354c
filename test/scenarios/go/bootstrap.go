// Reads what a datastore holds of the authorities, as the products do: Go's own crypto, standard library only. Takes
// {value, password, leaf} as JSON from standard input and writes what is in it; fails when anything of it is not sound now.
package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

type question struct {
	Value    string `json:"value"`
	Password string `json:"password"`
	// File of a leaf that the old server authority signed.
	Leaf string `json:"leaf"`
}

type file struct {
	Timestamp time.Time
	Content   []byte
}

type authority struct {
	NotAfter  time.Time `json:"notAfter"`
	PublicKey string    `json:"publicKey"`
	Timestamp time.Time `json:"timestamp"`
}

var pairs = []string{"ServerCA", "ClientCA", "RequestHeaderCA", "ETCDServerCA", "ETCDPeerCA"}

func main() {
	var q question
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		fail(err)
	}
	plain, err := open(q.Value, q.Password)
	if err != nil {
		fail(err)
	}
	set := map[string]file{}
	decoder := json.NewDecoder(strings.NewReader(plain))
	if err := decoder.Decode(&set); err != nil {
		fail(err)
	}
	answer := map[string]authority{}
	for _, name := range pairs {
		a, err := check(set[name], set[name+"Key"])
		if err != nil {
			fail(fmt.Errorf("%s: %w", name, err))
		}
		answer[name] = a
	}
	if err := signed(q.Leaf, set["ServerCA"].Content); err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		fail(err)
	}
}

func open(value, password string) (string, error) {
	salt, body, ok := strings.Cut(value, ":")
	if !ok {
		return "", errors.New("no salt")
	}
	key, err := pbkdf2.Key(sha1.New, password, []byte(salt), 4096, 32)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	data, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return "", err
	}
	plain, err := gcm.Open(nil, data[:gcm.NonceSize()], data[gcm.NonceSize():], nil)
	return string(plain), err
}

func check(certificate, key file) (authority, error) {
	pair, err := tls.X509KeyPair(certificate.Content, key.Content)
	if err != nil {
		return authority{}, err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return authority{}, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate.Content)
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: usages}); err != nil {
		return authority{}, err
	}
	if !leaf.IsCA || leaf.KeyUsage&x509.KeyUsageCertSign == 0 {
		return authority{}, errors.New("may not sign")
	}
	hash := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return authority{leaf.NotAfter, hex.EncodeToString(hash[:]), certificate.Timestamp}, nil
}

// A leaf of before, at an instant at which it was good, under the authority of now: only its dates are of another time.
func signed(path string, anchors []byte) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(data)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	block, _ = pem.Decode(anchors)
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	return leaf.CheckSignatureFrom(ca)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
