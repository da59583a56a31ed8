package netflow

import "strings"

// kind is how the bytes of a field are read: the abstract data types of RFC 7012 §3.1 as far as they differ in that.
type kind byte

const (
	unsigned kind = 'u'
	signed   kind = 'i'
	float    kind = 'f'
	boolean  kind = 'b'
	address  kind = 'a' // IPv4 or IPv6, by length
	mac      kind = 'm'
	text     kind = 's'
	octets   kind = 'o'
	seconds  kind = '0'
	millis   kind = '3'
	micros   kind = '6' // NTP's format (RFC 7011 §6.1.9)
	nanos    kind = '9'
	appID    kind = 'x' // an engine and a selector (RFC 6759 §4)
	aclID    kind = 'l' // Cisco's access list, entry and extended entry, 4 bytes each
	padding  kind = '-' // not kept
	unknown  kind = '?' // a number, text or octets: whatever the bytes look like
)

// element is an information element: what a field is.
type element struct {
	name string
	kind kind
}

// iana are the elements without an enterprise, in the order of their numbers: name and kind, a number where some are
// left out. NetFlow v9 has the same numbers (RFC 3954 §8) up to where vendors made up their own.
// Source: the registry "IPFIX Information Elements" of IANA.
const iana = `
1 octetDeltaCount u packetDeltaCount u deltaFlowCount u protocolIdentifier u ipClassOfService u tcpControlBits u
sourceTransportPort u sourceIPv4Address a sourceIPv4PrefixLength u ingressInterface u destinationTransportPort u
destinationIPv4Address a destinationIPv4PrefixLength u egressInterface u ipNextHopIPv4Address a bgpSourceAsNumber u
bgpDestinationAsNumber u bgpNextHopIPv4Address a postMCastPacketDeltaCount u postMCastOctetDeltaCount u
flowEndSysUpTime u flowStartSysUpTime u postOctetDeltaCount u postPacketDeltaCount u minimumIpTotalLength u
maximumIpTotalLength u sourceIPv6Address a destinationIPv6Address a sourceIPv6PrefixLength u
destinationIPv6PrefixLength u flowLabelIPv6 u icmpTypeCodeIPv4 u igmpType u samplingInterval u samplingAlgorithm u
flowActiveTimeout u flowIdleTimeout u engineType u engineId u exportedOctetTotalCount u exportedMessageTotalCount u
exportedFlowRecordTotalCount u ipv4RouterSc a sourceIPv4Prefix a destinationIPv4Prefix a mplsTopLabelType u
mplsTopLabelIPv4Address a samplerId u samplerMode u samplerRandomInterval u classId u minimumTTL u maximumTTL u
fragmentIdentification u postIpClassOfService u sourceMacAddress m postDestinationMacAddress m vlanId u postVlanId u
ipVersion u flowDirection u ipNextHopIPv6Address a bgpNextHopIPv6Address a ipv6ExtensionHeaders u
70 mplsTopLabelStackSection o mplsLabelStackSection2 o mplsLabelStackSection3 o mplsLabelStackSection4 o
mplsLabelStackSection5 o mplsLabelStackSection6 o mplsLabelStackSection7 o mplsLabelStackSection8 o
mplsLabelStackSection9 o mplsLabelStackSection10 o destinationMacAddress m postSourceMacAddress m interfaceName s
interfaceDescription s samplerName s octetTotalCount u packetTotalCount u flagsAndSamplerId u fragmentOffset u
forwardingStatus u mplsVpnRouteDistinguisher o mplsTopLabelPrefixLength u srcTrafficIndex u dstTrafficIndex u
applicationDescription s applicationId x applicationName s
98 postIpDiffServCodePoint u multicastReplicationFactor u className s classificationEngineId u
layer2packetSectionOffset u layer2packetSectionSize u layer2packetSectionData o
128 bgpNextAdjacentAsNumber u bgpPrevAdjacentAsNumber u exporterIPv4Address a exporterIPv6Address a
droppedOctetDeltaCount u droppedPacketDeltaCount u droppedOctetTotalCount u droppedPacketTotalCount u flowEndReason u
commonPropertiesId u observationPointId u icmpTypeCodeIPv6 u mplsTopLabelIPv6Address a lineCardId u portId u
meteringProcessId u exportingProcessId u templateId u wlanChannelId u wlanSSID s flowId u observationDomainId u
flowStartSeconds 0 flowEndSeconds 0 flowStartMilliseconds 3 flowEndMilliseconds 3 flowStartMicroseconds 6
flowEndMicroseconds 6 flowStartNanoseconds 9 flowEndNanoseconds 9 flowStartDeltaMicroseconds u
flowEndDeltaMicroseconds u systemInitTimeMilliseconds 3 flowDurationMilliseconds u flowDurationMicroseconds u
observedFlowTotalCount u ignoredPacketTotalCount u ignoredOctetTotalCount u notSentFlowTotalCount u
notSentPacketTotalCount u notSentOctetTotalCount u destinationIPv6Prefix a sourceIPv6Prefix a postOctetTotalCount u
postPacketTotalCount u flowKeyIndicator u postMCastPacketTotalCount u postMCastOctetTotalCount u icmpTypeIPv4 u
icmpCodeIPv4 u icmpTypeIPv6 u icmpCodeIPv6 u udpSourcePort u udpDestinationPort u tcpSourcePort u tcpDestinationPort u
tcpSequenceNumber u tcpAcknowledgementNumber u tcpWindowSize u tcpUrgentPointer u tcpHeaderLength u ipHeaderLength u
totalLengthIPv4 u payloadLengthIPv6 u ipTTL u nextHeaderIPv6 u mplsPayloadLength u ipDiffServCodePoint u
ipPrecedence u fragmentFlags u octetDeltaSumOfSquares u octetTotalSumOfSquares u mplsTopLabelTTL u
mplsLabelStackLength u mplsLabelStackDepth u mplsTopLabelExp u ipPayloadLength u udpMessageLength u isMulticast u
ipv4IHL u ipv4Options u tcpOptions u paddingOctets - collectorIPv4Address a collectorIPv6Address a exportInterface u
exportProtocolVersion u exportTransportProtocol u collectorTransportPort u exporterTransportPort u tcpSynTotalCount u
tcpFinTotalCount u tcpRstTotalCount u tcpPshTotalCount u tcpAckTotalCount u tcpUrgTotalCount u ipTotalLength u
postNATSourceIPv4Address a postNATDestinationIPv4Address a postNAPTSourceTransportPort u
postNAPTDestinationTransportPort u natOriginatingAddressRealm u natEvent u initiatorOctets u responderOctets u
firewallEvent u ingressVRFID u egressVRFID u VRFname s postMplsTopLabelExp u tcpWindowScale u biflowDirection u
ethernetHeaderLength u ethernetPayloadLength u ethernetTotalLength u dot1qVlanId u dot1qPriority u
dot1qCustomerVlanId u dot1qCustomerPriority u metroEvcId s metroEvcType u pseudoWireId u pseudoWireType u
pseudoWireControlWord u ingressPhysicalInterface u egressPhysicalInterface u postDot1qVlanId u
postDot1qCustomerVlanId u ethernetType u postIpPrecedence u collectionTimeMilliseconds 3 exportSctpStreamId u
maxExportSeconds 0 maxFlowEndSeconds 0 messageMD5Checksum o messageScope u minExportSeconds 0 minFlowStartSeconds 0
opaqueOctets o sessionScope u maxFlowEndMicroseconds 6 maxFlowEndMilliseconds 3 maxFlowEndNanoseconds 9
minFlowStartMicroseconds 6 minFlowStartMilliseconds 3 minFlowStartNanoseconds 9 collectorCertificate o
exporterCertificate o dataRecordsReliability b observationPointType u newConnectionDeltaCount u
connectionSumDurationSeconds u connectionTransactionId u postNATSourceIPv6Address a postNATDestinationIPv6Address a
natPoolId u natPoolName s anonymizationFlags u anonymizationTechnique u informationElementIndex u p2pTechnology s
tunnelTechnology s encryptedTechnology s basicList o subTemplateList o subTemplateMultiList o bgpValidityState u
IPSecSPI u greKey u natType u initiatorPackets u responderPackets u observationDomainName s selectionSequenceId u
selectorId u informationElementId u selectorAlgorithm u samplingPacketInterval u samplingPacketSpace u
samplingTimeInterval u samplingTimeSpace u samplingSize u samplingPopulation u samplingProbability f
dataLinkFrameSize u ipHeaderPacketSection o ipPayloadPacketSection o dataLinkFrameSection o mplsLabelStackSection o
mplsPayloadPacketSection o selectorIdTotalPktsObserved u selectorIdTotalPktsSelected u absoluteError f
relativeError f observationTimeSeconds 0 observationTimeMilliseconds 3 observationTimeMicroseconds 6
observationTimeNanoseconds 9 digestHashValue u hashIPPayloadOffset u hashIPPayloadSize u hashOutputRangeMin u
hashOutputRangeMax u hashSelectedRangeMin u hashSelectedRangeMax u hashDigestOutput b hashInitialiserValue u
selectorName s upperCILimit f lowerCILimit f confidenceLevel f informationElementDataType u
informationElementDescription s informationElementName s informationElementRangeBegin u
informationElementRangeEnd u informationElementSemantics u informationElementUnits u privateEnterpriseNumber u
virtualStationInterfaceId o virtualStationInterfaceName s virtualStationUUID o virtualStationName s layer2SegmentId u
layer2OctetDeltaCount u layer2OctetTotalCount u ingressUnicastPacketTotalCount u ingressMulticastPacketTotalCount u
ingressBroadcastPacketTotalCount u egressUnicastPacketTotalCount u egressBroadcastPacketTotalCount u
monitoringIntervalStartMilliSeconds 3 monitoringIntervalEndMilliSeconds 3 portRangeStart u portRangeEnd u
portRangeStepSize u portRangeNumPorts u staMacAddress m staIPv4Address a wtpMacAddress m ingressInterfaceType u
egressInterfaceType u rtpSequenceNumber u userName s applicationCategoryName s applicationSubCategoryName s
applicationGroupName s originalFlowsPresent u originalFlowsInitiated u originalFlowsCompleted u
distinctCountOfSourceIPAddress u distinctCountOfDestinationIPAddress u distinctCountOfSourceIPv4Address u
distinctCountOfDestinationIPv4Address u distinctCountOfSourceIPv6Address u distinctCountOfDestinationIPv6Address u
valueDistributionMethod u rfc3550JitterMilliseconds u rfc3550JitterMicroseconds u rfc3550JitterNanoseconds u
dot1qDEI b dot1qCustomerDEI b flowSelectorAlgorithm u flowSelectedOctetDeltaCount u flowSelectedPacketDeltaCount u
flowSelectedFlowDeltaCount u selectorIDTotalFlowsObserved u selectorIDTotalFlowsSelected u samplingFlowInterval u
samplingFlowSpacing u flowSamplingTimeInterval u flowSamplingTimeSpacing u hashFlowDomain u
transportOctetDeltaCount u transportPacketDeltaCount u originalExporterIPv4Address a originalExporterIPv6Address a
originalObservationDomainId u intermediateProcessId u ignoredDataRecordTotalCount u dataLinkFrameType u
sectionOffset u sectionExportedOctets u dot1qServiceInstanceTag o dot1qServiceInstanceId u
dot1qServiceInstancePriority u dot1qCustomerSourceMacAddress m dot1qCustomerDestinationMacAddress m
417 postLayer2OctetDeltaCount u postMCastLayer2OctetDeltaCount u
420 postLayer2OctetTotalCount u postMCastLayer2OctetTotalCount u minimumLayer2TotalLength u
maximumLayer2TotalLength u droppedLayer2OctetDeltaCount u droppedLayer2OctetTotalCount u
ignoredLayer2OctetTotalCount u notSentLayer2OctetTotalCount u layer2OctetDeltaSumOfSquares u
layer2OctetTotalSumOfSquares u layer2FrameDeltaCount u layer2FrameTotalCount u pseudoWireDestinationIPv4Address a
ignoredLayer2FrameTotalCount u mibObjectValueInteger i mibObjectValueOctetString o mibObjectValueOID o
mibObjectValueBits o mibObjectValueIPAddress a mibObjectValueCounter u mibObjectValueGauge u
mibObjectValueTimeTicks u mibObjectValueUnsigned u mibObjectValueTable o mibObjectValueRow o mibObjectIdentifier o
mibSubIdentifier u mibIndexIndicator u mibCaptureTimeSemantics u mibContextEngineID o mibContextName s
mibObjectName s mibObjectDescription s mibObjectSyntax s mibModuleName s mobileIMSI s mobileMSISDN s httpStatusCode u
sourceTransportPortsLimit u httpRequestMethod s httpRequestHost s httpRequestTarget s httpMessageVersion s
natInstanceID u internalAddressRealm o externalAddressRealm o natQuotaExceededEvent u natThresholdEvent u
httpUserAgent s httpContentType s httpReasonPhrase s maxSessionEntries u maxBIBEntries u maxEntriesPerUser u
maxSubscribers u maxFragmentsPendingReassembly u addressPoolHighThreshold u addressPoolLowThreshold u
addressPortMappingHighThreshold u addressPortMappingLowThreshold u addressPortMappingPerUserHighThreshold u
globalAddressMappingHighThreshold u vpnIdentifier o bgpCommunity u bgpSourceCommunityList o
bgpDestinationCommunityList o bgpExtendedCommunity o bgpSourceExtendedCommunityList o
bgpDestinationExtendedCommunityList o bgpLargeCommunity o bgpSourceLargeCommunityList o
bgpDestinationLargeCommunityList o srhFlagsIPv6 u srhTagIPv6 u srhSegmentIPv6 a srhActiveSegmentIPv6 a
srhSegmentIPv6BasicList o srhSegmentIPv6ListSection o srhSegmentsIPv6Left u srhIPv6Section o
srhIPv6ActiveSegmentType u srhSegmentIPv6LocatorLength u srhSegmentIPv6EndpointBehavior u
`

// vendor are the elements of enterprises: the enterprise's number after @, or v9 for numbers that NetFlow v9 uses
// without one, then as above.
// Sources: what the makers publish, and what their equipment sends.
const vendor = `
@v9 33000 ingressACLID l egressACLID l firewallExtendedEvent u
40000 userName s postNATSourceIPv4Address a postNATDestinationIPv4Address a postNAPTSourceTransportPort u
postNAPTDestinationTransportPort u firewallEvent u
56701 paloAltoAppID s paloAltoUserID s
57590 nprobeL7Proto u nprobeL7ProtoName s 57595 nprobeClientNetworkLatency u nprobeServerNetworkLatency u
57652 nprobeHttpURL s nprobeHttpStatus u nprobeHttpReferer s nprobeHttpUserAgent s nprobeHttpContentType s
57659 nprobeHttpHost s nprobeTlsServerName s 57677 nprobeDnsQuery s nprobeDnsQueryID u nprobeDnsQueryType u
nprobeDnsReturnCode u nprobeDnsAnswers u
8192 streamcoreWanRTT u streamcoreNetAppResponseTime u streamcoreTotalAppResponseTime u streamcoreTcpRetransmission u
streamcoreCallDirection u 8256 streamcoreHostname s streamcoreURL s streamcoreTlsCommonName s streamcoreTlsOrganization s
8384 streamcoreRule1 u streamcoreRule2 u streamcoreRule3 u streamcoreRule4 u streamcoreRule5 u streamcoreRule6 u
streamcoreRule7 u streamcoreRule8 u streamcoreRule9 u streamcoreRule10 u
@35632 118 nprobeL7Proto u nprobeL7ProtoName s 123 nprobeClientNetworkLatency u nprobeServerNetworkLatency u
180 nprobeHttpURL s nprobeHttpStatus u nprobeHttpReferer s nprobeHttpUserAgent s nprobeHttpContentType s
187 nprobeHttpHost s nprobeTlsServerName s 205 nprobeDnsQuery s nprobeDnsQueryID u nprobeDnsQueryType u
nprobeDnsReturnCode u nprobeDnsAnswers u
@637 91 natInsideSvcid u natOutsideSvcid u natSubString s
@3054 110 ixiaL7AppId u ixiaL7AppName s 120 ixiaSrcCountryCode s ixiaSrcCountryName s ixiaSrcRegionCode s
ixiaSrcRegionName s 125 ixiaSrcCityName s ixiaSrcLatitude f ixiaSrcLongitude f 140 ixiaDstCountryCode s
ixiaDstCountryName s ixiaDstRegionCode s ixiaDstRegionName s 145 ixiaDstCityName s ixiaDstLatitude f ixiaDstLongitude f
160 ixiaDeviceId u ixiaDeviceName s ixiaBrowserId u ixiaBrowserName s 176 ixiaRevOctetDeltaCount u
ixiaRevPacketDeltaCount u ixiaConnEncryptType s ixiaEncryptionCipher s ixiaEncryptionKeyLength u ixiaIMSI s
ixiaHttpUserAgent s ixiaHttpHostName s ixiaHttpUri s ixiaDnsTxt s ixiaSrcAsName s ixiaDstAsName s ixiaLatency u
ixiaDnsQuery s ixiaDnsAnswer s ixiaDnsClasses s ixiaThreatType s ixiaThreatIPv4 a ixiaThreatIPv6 a
@5951 128 netscalerRoundTripTime u netscalerTransactionId u netscalerHttpReqUrl s netscalerHttpReqCookie s
netscalerFlowFlags u netscalerConnectionId u netscalerSyslogPriority u netscalerSyslogMessage s
netscalerSyslogTimestamp u 140 netscalerHttpReqReferer s netscalerHttpReqMethod s netscalerHttpReqHost s
netscalerHttpReqUserAgent s netscalerHttpRspStatus u netscalerHttpRspLen u netscalerServerTTFB u netscalerServerTTLB u
150 netscalerAppNameIncarnationNumber u netscalerAppNameAppId u netscalerAppName s netscalerHttpReqRcvFB u
156 netscalerHttpReqForwFB u netscalerHttpResRcvFB u netscalerHttpResForwFB u netscalerHttpReqRcvLB u
netscalerHttpReqForwLB u netscalerMainPageId u netscalerMainPageCoreId u 169 netscalerHttpResRcvLB u
netscalerHttpResForwLB u netscalerAppUnitNameAppId u 182 netscalerClientRTT u netscalerHttpContentType s
185 netscalerHttpReqAuthorization s netscalerHttpReqVia s netscalerHttpResLocation s netscalerHttpResSetCookie s
netscalerHttpResSetCookie2 s netscalerHttpReqXForwardedFor s 192 netscalerConnectionChainID o
netscalerConnectionChainHopCount u 205 netscalerAaaUsername s 267 netscalerHttpDomainName s
@6871 14 initialTCPFlags u unionTCPFlags u 18 payload o 21 reverseFlowDeltaMilliseconds u 33 silkAppLabel u
35 payloadEntropy u osName s osVersion s firstPacketBanner o secondPacketBanner o flowAttributes u
100 expiredFragmentCount u assembledFragmentCount u meanFlowRate u meanPacketRate u flowTableFlushEventCount u
flowTablePeakCount u 500 smallPacketCount u nonEmptyPacketCount u dataByteCount u averageInterarrivalTime u
standardDeviationInterarrivalTime u firstNonEmptyPacketSize u maxPacketSize u firstEightNonEmptyPacketDirections u
standardDeviationPayloadLength u tcpUrgentCount u largePacketCount u
@6876 880 vmwareTenantProtocol u vmwareTenantSourceIPv4 a vmwareTenantDestIPv4 a vmwareTenantSourceIPv6 a
vmwareTenantDestIPv6 a 886 vmwareTenantSourcePort u vmwareTenantDestPort u vmwareEgressInterfaceAttr u
vmwareVxlanExportRole u vmwareIngressInterfaceAttr u
@10704 1 barracudaTimestamp 0 barracudaLogOp u barracudaTrafficType u barracudaRule s barracudaServiceName s
barracudaReason u barracudaReasonText s barracudaBindIPv4Address a barracudaBindTransportPort u
barracudaConnIPv4Address a barracudaConnTransportPort u barracudaAuditCounter u
@15397 1 proceraService s proceraBaseService s proceraIncomingOctets u proceraOutgoingOctets u
@41916 4321 viptelaVPNId u
`

// Enterprise numbers that mean something.
const (
	reverseEnterprise = 29305 // the other direction of a flow (RFC 5103 §6.1)
	certEnterprise    = 6871  // CERT's: reverse is a bit of the element's number
	certReverse       = 0x4000
	v9Enterprise      = 1 << 32 // of numbers that NetFlow v9 uses without one
)

// elementKey is an enterprise and a number.
type elementKey uint64

func keyOf(enterprise uint64, id uint16) elementKey { return elementKey(enterprise<<16 | uint64(id)) }

// elements are all known ones.
var elements = readElements()

func readElements() map[elementKey]element {
	all := make(map[elementKey]element, 700)
	var enterprise uint64
	id := uint16(0)
	name := ""
	for _, table := range [...]string{iana, vendor} {
		for w := range strings.FieldsSeq(table) {
			switch {
			case name != "":
				all[keyOf(enterprise, id)] = element{name, kind(w[0])}
				id++
				name = ""
			case w == "@v9":
				enterprise = v9Enterprise
			case w[0] == '@':
				enterprise = uint64(decimal(w[1:]))
			case w[0] <= '9':
				id = uint16(decimal(w))
			default:
				name = w
			}
		}
	}
	return all
}

func decimal(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n = 10*n + int(c-'0')
	}
	return n
}

// elementOf returns what a field of a template is.
func elementOf(version int, enterprise uint32, id uint16) element {
	e := uint64(enterprise)
	if version < 10 && id >= 500 {
		e = v9Enterprise
	}
	if known, ok := elements[keyOf(e, id)]; ok {
		return known
	}
	forward := element{}
	switch {
	case enterprise == reverseEnterprise:
		forward = elements[keyOf(0, id)]
	case enterprise == certEnterprise && id&certReverse != 0:
		forward = elements[keyOf(certEnterprise, id&^certReverse)]
	}
	if forward.name != "" {
		return element{"reverse" + strings.ToUpper(forward.name[:1]) + forward.name[1:], forward.kind}
	}
	var b []byte
	if enterprise != 0 {
		b = appendUint(append(b, "enterprise"...), uint64(enterprise))
	}
	return element{string(appendUint(append(b, "element"...), uint64(id))), unknown}
}
