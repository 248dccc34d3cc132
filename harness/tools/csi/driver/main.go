// Driver is a CSI driver for tests: volumes are subvolumes of a btrfs file system, snapshots are btrfs' own.
//
// It runs in the mount namespace of the kubelet, whose plugin registry it enters by a socket. What it keeps of a volume lies beside
// it in files, so that a driver started anew finds all of it.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const name = "btrfs.billdb.test"

func main() {
	socket := flag.String("socket", "", "where the kubelet and the sidecars find the driver")
	registry := flag.String("registry", "", "the kubelet's folder of sockets by which plugins register")
	pool := flag.String("pool", "", "where the btrfs file system is mounted")
	node := flag.String("node", "", "name of the node")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *socket, filepath.Join(*registry, name+"-reg.sock"), *pool, *node); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(1)
	}
}

// run serves both sockets until the context ends.
func run(ctx context.Context, socket, registrationSocket, pool, node string) error {
	for _, folder := range []string{volumes, snapshots, sizes} {
		if err := os.MkdirAll(filepath.Join(pool, folder), 0o755); err != nil {
			return err
		}
	}
	serving := grpc.NewServer(grpc.UnaryInterceptor(logged))
	csi.RegisterIdentityServer(serving, identity{})
	csi.RegisterControllerServer(serving, controller{pool: store(pool)})
	csi.RegisterNodeServer(serving, host{pool: store(pool), name: node})
	registering := grpc.NewServer()
	registration.RegisterRegistrationServer(registering, registrar{socket: socket})
	failed := make(chan error, 2)
	for place, server := range map[string]*grpc.Server{socket: serving, registrationSocket: registering} {
		listener, err := listen(place)
		if err != nil {
			return err
		}
		go func() { failed <- server.Serve(listener) }()
		defer server.Stop()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// listen takes a socket's place, also where a driver that was killed left one.
func listen(place string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return nil, err
	}
	if err := os.Remove(place); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return net.Listen("unix", place)
}

func logged(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	answer, err := handle(ctx, request)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v: %v\n", info.FullMethod, request, err)
	}
	return answer, err
}

type registrar struct {
	registration.UnimplementedRegistrationServer
	socket string
}

func (r registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: name, Endpoint: r.socket, SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (r registrar) NotifyRegistrationStatus(
	_ context.Context, told *registration.RegistrationStatus,
) (*registration.RegistrationStatusResponse, error) {
	fmt.Fprintf(os.Stderr, "registered: %v %s\n", told.PluginRegistered, told.Error)
	return &registration.RegistrationStatusResponse{}, nil
}

type identity struct {
	csi.UnimplementedIdentityServer
}

func (identity) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: name, VendorVersion: "1"}, nil
}

func (identity) GetPluginCapabilities(
	context.Context, *csi.GetPluginCapabilitiesRequest,
) (*csi.GetPluginCapabilitiesResponse, error) {
	service := &csi.PluginCapability_Service{Type: csi.PluginCapability_Service_CONTROLLER_SERVICE}
	capability := &csi.PluginCapability{Type: &csi.PluginCapability_Service_{Service: service}}
	return &csi.GetPluginCapabilitiesResponse{Capabilities: []*csi.PluginCapability{capability}}, nil
}

func (identity) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{}, nil
}
