package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A host is the driver's part on the node: it puts volumes where pods have them.
type host struct {
	csi.UnimplementedNodeServer
	pool store
	name string
}

func (h host) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: h.name}, nil
}

func (h host) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	stats := &csi.NodeServiceCapability_RPC{Type: csi.NodeServiceCapability_RPC_GET_VOLUME_STATS}
	capability := &csi.NodeServiceCapability{Type: &csi.NodeServiceCapability_Rpc{Rpc: stats}}
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{capability}}, nil
}

// NodeGetVolumeStats tells the size that was asked for, though nothing holds the volume to it, and what its files take.
func (h host) NodeGetVolumeStats(
	_ context.Context, request *csi.NodeGetVolumeStatsRequest,
) (*csi.NodeGetVolumeStatsResponse, error) {
	if !h.pool.has(volumes, request.VolumeId) {
		return nil, status.Errorf(codes.NotFound, "no volume %s", request.VolumeId)
	}
	size, used := h.pool.size(request.VolumeId), h.pool.used(request.VolumeId)
	usage := &csi.VolumeUsage{Unit: csi.VolumeUsage_BYTES, Total: size, Used: used, Available: max(size-used, 0)}
	return &csi.NodeGetVolumeStatsResponse{Usage: []*csi.VolumeUsage{usage}}, nil
}

func (h host) NodePublishVolume(
	_ context.Context, request *csi.NodePublishVolumeRequest,
) (*csi.NodePublishVolumeResponse, error) {
	source := h.pool.path(volumes, request.VolumeId)
	if !h.pool.has(volumes, request.VolumeId) {
		return nil, status.Errorf(codes.NotFound, "no volume %s", request.VolumeId)
	}
	if err := os.MkdirAll(request.TargetPath, 0o750); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if same(source, request.TargetPath) {
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if err := syscall.Mount(source, request.TargetPath, "", syscall.MS_BIND, ""); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (h host) NodeUnpublishVolume(
	_ context.Context, request *csi.NodeUnpublishVolumeRequest,
) (*csi.NodeUnpublishVolumeResponse, error) {
	// EINVAL: nothing is mounted there.
	if err := syscall.Unmount(request.TargetPath, 0); err != nil && !errors.Is(err, syscall.EINVAL) && !os.IsNotExist(err) {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if err := os.Remove(request.TargetPath); err != nil && !os.IsNotExist(err) {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// same tells whether the volume is mounted at the target already.
func same(source, target string) bool {
	one, first := os.Stat(source)
	other, second := os.Stat(target)
	return first == nil && second == nil && os.SameFile(one, other)
}
