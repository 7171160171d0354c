// The rules by which the product takes new authorities and hashes them for its token, with the real crypto/x509 (products 4.3, 6.3).
// Reads questions as JSON from standard input and writes one answer for each. Standard library only.
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"
)

type question struct {
	// "takes": empty when a new file and key are taken in the place of an old file, else why not.
	// "hash": the hash in the token. "verify": empty when a leaf with what it carries is good under a file at an instant.
	Kind    string    `json:"kind"`
	Old     string    `json:"old"`
	New     string    `json:"new"`
	Key     string    `json:"key"`
	Leaf    string    `json:"leaf"`
	Trusted string    `json:"trusted"`
	At      time.Time `json:"at"`
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	answers := make([]string, len(questions))
	for i, q := range questions {
		switch q.Kind {
		case "takes":
			answers[i] = text(takes(q))
		case "hash":
			answers[i] = hash([]byte(q.New))
		case "verify":
			answers[i] = text(verify(q))
		default:
			answers[i] = "no such question"
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		os.Exit(2)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func certificates(data []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, certificate)
	}
	if len(all) == 0 {
		return nil, errors.New("no certificate")
	}
	return all, nil
}

func isRoot(c *x509.Certificate) bool {
	return len(c.AuthorityKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId)
}

func takes(q question) error {
	before, err := certificates([]byte(q.Old))
	if err != nil {
		return err
	}
	after, err := certificates([]byte(q.New))
	if err != nil {
		return err
	}
	if len(after) == 1 {
		return errors.New("a single certificate")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range before {
		if isRoot(c) {
			roots.AddCert(c)
		} else {
			between.AddCert(c)
		}
	}
	for i, c := range after {
		if i > 0 && len(c.AuthorityKeyId) > 0 {
			between.AddCert(c)
		}
	}
	if _, err := after[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err != nil {
		return err
	}
	_, err = tls.X509KeyPair([]byte(q.New), []byte(q.Key))
	return err
}

func hash(data []byte) string {
	sum := func(b []byte) string { digest := sha256.Sum256(b); return hex.EncodeToString(digest[:]) }
	all, err := certificates(data)
	if err != nil || len(all) == 1 {
		return sum(data)
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range all[1:] {
		if isRoot(c) {
			roots.AddCert(c)
		} else {
			between.AddCert(c)
		}
	}
	chains, err := all[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	if err != nil {
		return sum(data)
	}
	chain := chains[0]
	return sum(chain[len(chain)-1].Raw)
}

func verify(q question) error {
	chain, err := certificates([]byte(q.Leaf))
	if err != nil {
		return err
	}
	anchors := x509.NewCertPool()
	if !anchors.AppendCertsFromPEM([]byte(q.Trusted)) {
		return errors.New("nothing is trusted")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots: anchors, Intermediates: between, CurrentTime: q.At, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}
