// A peer as the products have them: Go's crypto/x509 and crypto/tls. Reads questions as JSON from standard input and
// writes one answer for each: empty when the peer accepts, else why not. Standard library only.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

type side struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Trusts      string `json:"trusts"`
}

type question struct {
	// "verify", "handshake" or "name".
	Kind string `json:"kind"`
	// Of "verify": the leaf's file, the authority's file, the usage, and the name that a server must bear.
	Leaf   string    `json:"leaf"`
	Trusts string    `json:"trusts"`
	Usage  string    `json:"usage"`
	Name   string    `json:"name"`
	At     time.Time `json:"at"`
	// Of "handshake".
	Server side `json:"server"`
	Client side `json:"client"`
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	answers := make([]string, len(questions))
	for i, q := range questions {
		if err := answer(q); err != nil {
			answers[i] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		os.Exit(2)
	}
}

func answer(q question) error {
	switch q.Kind {
	case "verify":
		return verify(q)
	case "handshake":
		return handshake(q)
	case "name":
		return holds(q.Name)
	}
	return fmt.Errorf("no such question: %q", q.Kind)
}

func verify(q question) error {
	data, err := os.ReadFile(q.Leaf)
	if err != nil {
		return err
	}
	chain, err := certificates(data)
	if err != nil {
		return err
	}
	anchors, err := pool(q.Trusts)
	if err != nil {
		return err
	}
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	usage := x509.ExtKeyUsageClientAuth
	if q.Usage == "server" {
		usage = x509.ExtKeyUsageServerAuth
	}
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots:         anchors,
		Intermediates: between,
		CurrentTime:   q.At,
		DNSName:       q.Name,
		KeyUsages:     []x509.ExtKeyUsage{usage},
	})
	return err
}

func handshake(q question) error {
	server, err := tls.LoadX509KeyPair(q.Server.Certificate, q.Server.Key)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	client, err := tls.LoadX509KeyPair(q.Client.Certificate, q.Client.Key)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	clientAnchors, err := pool(q.Server.Trusts)
	if err != nil {
		return err
	}
	serverAnchors, err := pool(q.Client.Trusts)
	if err != nil {
		return err
	}
	now := func() time.Time { return q.At }
	serverEnd, clientEnd := net.Pipe()
	defer serverEnd.Close()
	defer clientEnd.Close()
	done := make(chan error, 1)
	go func() {
		connection := tls.Server(serverEnd, &tls.Config{
			Certificates: []tls.Certificate{server},
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAs:    clientAnchors,
			MinVersion:   tls.VersionTLS13,
			Time:         now,
			// Tickets would be written to a pipe that nobody reads any more.
			SessionTicketsDisabled: true,
		})
		done <- connection.Handshake()
		serverEnd.Close()
	}()
	connection := tls.Client(clientEnd, &tls.Config{
		Certificates: []tls.Certificate{client},
		RootCAs:      serverAnchors,
		ServerName:   q.Name,
		MinVersion:   tls.VersionTLS13,
		Time:         now,
	})
	clientError := connection.Handshake()
	clientEnd.Close()
	if clientError != nil {
		return fmt.Errorf("the client refuses: %w", clientError)
	}
	if serverError := <-done; serverError != nil {
		return fmt.Errorf("the server refuses: %w", serverError)
	}
	return nil
}

// Can a certificate hold the name, so that a peer who asks for it accepts that certificate?
func holds(name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	return certificate.VerifyHostname(name)
}

func pool(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	anchors := x509.NewCertPool()
	if !anchors.AppendCertsFromPEM(data) {
		return nil, errors.New(path + " holds no certificate")
	}
	return anchors, nil
}

func certificates(data []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for {
		block, rest := pem.Decode(bytes.TrimSpace(data))
		if block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, certificate)
		data = rest
	}
	if len(chain) == 0 {
		return nil, errors.New("no certificate")
	}
	return chain, nil
}
