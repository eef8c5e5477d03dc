//! Names: kinds of PDUs, well-known interfaces and their procedures.
//!
//! References: MS-SCMR, MS-SAMR, MS-LSAD, MS-LSAT, MS-NRPC, MS-DRSR, MS-SRVS, MS-WKST, MS-RRP, MS-TSCH, MS-RPRN, MS-PAR,
//! MS-DCOM, MS-WMI, MS-EFSR, MS-DFSNM, MS-EVEN, MS-RSP, MS-BKRP, MS-ICPR, C706 appendix O.

use std::sync::LazyLock;

use super::pdu::Identifier;

/// Names of PDU kinds as EVE writes them; the position is the kind.
const KINDS: [&str; 21] = [
    "REQUEST",
    "PING",
    "RESPONSE",
    "FAULT",
    "WORKING",
    "NOCALL",
    "REJECT",
    "ACK",
    "CL_CANCEL",
    "FACK",
    "CANCEL_ACK",
    "BIND",
    "BINDACK",
    "BINDNAK",
    "ALTER_CONTEXT",
    "ALTER_CONTEXT_RESP",
    "AUTH3",
    "SHUTDOWN",
    "CO_CANCEL",
    "ORPHANED",
    "RTS",
];

/// The name of a PDU kind.
pub(crate) fn kind_name(kind: u8) -> &'static str {
    KINDS.get(usize::from(kind)).copied().unwrap_or("UNKNOWN")
}

/// The service behind an interface, and its procedures: those from number `first` on, separated by blanks; `-` is nameless.
struct Service {
    uuid: &'static str,
    name: &'static str,
    first: u16,
    procedures: &'static str,
}

/// The name of the service behind an interface.
pub(crate) fn service(uuid: Identifier) -> Option<&'static str> {
    find(uuid).map(|service| service.name)
}

/// The name of a procedure of an interface.
pub(crate) fn procedure(uuid: Identifier, opnum: u16) -> Option<&'static str> {
    let service = find(uuid)?;
    let at = usize::from(opnum.checked_sub(service.first)?);
    service.procedures.split_ascii_whitespace().nth(at).filter(|name| *name != "-")
}

fn find(uuid: Identifier) -> Option<&'static Service> {
    static KNOWN: LazyLock<Vec<([u8; 16], &Service)>> = LazyLock::new(|| {
        let known = |service: &'static Service| Some((Identifier::parse(service.uuid)?.0, service));
        let mut services: Vec<_> = SERVICES.iter().filter_map(known).collect();
        services.sort_by_key(|(uuid, _)| *uuid);
        services
    });
    let at = KNOWN.binary_search_by_key(&uuid.0, |(uuid, _)| *uuid).ok()?;
    KNOWN.get(at).map(|(_, service)| *service)
}

const SERVICES: &[Service] = &[
    Service {
        uuid: "367abb81-9844-35f1-ad32-98f038001003",
        name: "svcctl",
        first: 0,
        procedures: "CloseServiceHandle ControlService DeleteService LockServiceDatabase \
            QueryServiceObjectSecurity SetServiceObjectSecurity QueryServiceStatus SetServiceStatus \
            UnlockServiceDatabase NotifyBootConfigStatus ScSetServiceBitsW ChangeServiceConfigW CreateServiceW \
            EnumDependentServicesW EnumServicesStatusW OpenSCManagerW OpenServiceW QueryServiceConfigW \
            QueryServiceLockStatusW StartServiceW GetServiceDisplayNameW GetServiceKeyNameW ScSetServiceBitsA \
            ChangeServiceConfigA CreateServiceA EnumDependentServicesA EnumServicesStatusA OpenSCManagerA \
            OpenServiceA QueryServiceConfigA QueryServiceLockStatusA StartServiceA GetServiceDisplayNameA \
            GetServiceKeyNameA ScGetCurrentGroupStateW EnumServiceGroupW ChangeServiceConfig2A \
            ChangeServiceConfig2W QueryServiceConfig2A QueryServiceConfig2W QueryServiceStatusEx \
            EnumServicesStatusExA EnumServicesStatusExW ScSendTSMessage CreateServiceWOW64A CreateServiceWOW64W \
            ScQueryServiceTagInfo NotifyServiceStatusChange GetNotifyResults CloseNotifyHandle \
            ControlServiceExA ControlServiceExW ScSendPnPMessage ScValidatePnPService \
            ScOpenServiceStatusHandle - QueryServiceConfigEx - - - CreateWowService - - - OpenSCManager2",
    },
    Service {
        uuid: "1ff70682-0a51-30e8-076d-740be8cee98b",
        name: "atsvc",
        first: 0,
        procedures: "NetrJobAdd NetrJobDel NetrJobEnum NetrJobGetInfo",
    },
    Service {
        uuid: "378e52b0-c0a9-11cf-822d-00aa0051e40f",
        name: "sasec",
        first: 0,
        procedures: "SASetAccountInformation SASetNSAccountInformation SAGetNSAccountInformation \
            SAGetAccountInformation",
    },
    Service {
        uuid: "86d35949-83c9-4044-b424-db363231fd0c",
        name: "ITaskSchedulerService",
        first: 0,
        procedures: "SchRpcHighestVersion SchRpcRegisterTask SchRpcRetrieveTask SchRpcCreateFolder \
            SchRpcSetSecurity SchRpcGetSecurity SchRpcEnumFolders SchRpcEnumTasks SchRpcEnumInstances \
            SchRpcGetInstanceInfo SchRpcStopInstance SchRpcStop SchRpcRun SchRpcDelete SchRpcRename \
            SchRpcScheduledRuntimes SchRpcGetLastRunInfo SchRpcGetTaskInfo SchRpcGetNumberOfMissedRuns \
            SchRpcEnableTask",
    },
    Service {
        uuid: "e1af8308-5d1f-11c9-91a4-08002b14a0fa",
        name: "epmapper",
        first: 0,
        procedures: "ept_insert ept_delete ept_lookup ept_map ept_lookup_handle_free ept_inq_object ept_mgmt_delete \
            ept_map_auth ept_map_auth_async",
    },
    Service {
        uuid: "afa8bd80-7d8a-11c9-bef4-08002b102989",
        name: "mgmt",
        first: 0,
        procedures: "inq_if_ids inq_stats is_server_listening stop_server_listening inq_princ_name",
    },
    Service {
        uuid: "99fcfec4-5260-101b-bbcb-00aa0021347a",
        name: "IObjectExporter",
        first: 0,
        procedures: "ResolveOxid SimplePing ComplexPing ServerAlive ResolveOxid2 ServerAlive2",
    },
    Service {
        uuid: "4d9f4ab8-7d1c-11cf-861e-0020af6e7c57",
        name: "IActivation",
        first: 0,
        procedures: "RemoteActivation",
    },
    Service {
        uuid: "000001a0-0000-0000-c000-000000000046",
        name: "IRemoteSCMActivator",
        first: 3,
        procedures: "RemoteGetClassObject RemoteCreateInstance",
    },
    Service {
        uuid: "00000143-0000-0000-c000-000000000046",
        name: "IRemUnknown2",
        first: 0,
        procedures: "QueryInterface AddRef Release RemQueryInterface RemAddRef RemRelease RemQueryInterface2",
    },
    Service {
        uuid: "9556dc99-828c-11cf-a37e-00aa003240c7",
        name: "IWbemServices",
        first: 3,
        procedures: "OpenNamespace CancelAsyncCall QueryObjectSink GetObject GetObjectAsync PutClass PutClassAsync \
            DeleteClass DeleteClassAsync CreateClassEnum CreateClassEnumAsync PutInstance PutInstanceAsync \
            DeleteInstance DeleteInstanceAsync CreateInstanceEnum CreateInstanceEnumAsync ExecQuery ExecQueryAsync \
            ExecNotificationQuery ExecNotificationQueryAsync ExecMethod ExecMethodAsync",
    },
    Service {
        uuid: "f309ad18-d86a-11d0-a075-00c04fb68820",
        name: "IWbemLevel1Login",
        first: 3,
        procedures: "EstablishPosition RequestChallenge WBEMLogin NTLMLogin",
    },
    Service {
        uuid: "12345778-1234-abcd-ef00-0123456789ab",
        name: "lsarpc",
        first: 0,
        procedures: "LsarClose LsarDelete LsarEnumeratePrivileges LsarQuerySecurityObject LsarSetSecurityObject \
            LsarChangePassword LsarOpenPolicy LsarQueryInformationPolicy LsarSetInformationPolicy LsarClearAuditLog \
            LsarCreateAccount LsarEnumerateAccounts LsarCreateTrustedDomain LsarEnumerateTrustedDomains \
            LsarLookupNames LsarLookupSids LsarCreateSecret LsarOpenAccount LsarEnumeratePrivilegesAccount \
            LsarAddPrivilegesToAccount LsarRemovePrivilegesFromAccount LsarGetQuotasForAccount \
            LsarSetQuotasForAccount LsarGetSystemAccessAccount LsarSetSystemAccessAccount LsarOpenTrustedDomain \
            LsarQueryInfoTrustedDomain LsarSetInformationTrustedDomain LsarOpenSecret LsarSetSecret \
            LsarQuerySecret LsarLookupPrivilegeValue LsarLookupPrivilegeName LsarLookupPrivilegeDisplayName \
            LsarDeleteObject LsarEnumerateAccountsWithUserRight LsarEnumerateAccountRights LsarAddAccountRights \
            LsarRemoveAccountRights LsarQueryTrustedDomainInfo LsarSetTrustedDomainInfo LsarDeleteTrustedDomain \
            LsarStorePrivateData LsarRetrievePrivateData LsarOpenPolicy2 LsarGetUserName \
            LsarQueryInformationPolicy2 LsarSetInformationPolicy2 LsarQueryTrustedDomainInfoByName \
            LsarSetTrustedDomainInfoByName LsarEnumerateTrustedDomainsEx LsarCreateTrustedDomainEx \
            LsarCloseTrustedDomainEx LsarQueryDomainInformationPolicy LsarSetDomainInformationPolicy \
            LsarOpenTrustedDomainByName LsarTestCall LsarLookupSids2 LsarLookupNames2 LsarCreateTrustedDomainEx2",
    },
    Service {
        uuid: "12345778-1234-abcd-ef00-0123456789ac",
        name: "samr",
        first: 0,
        procedures: "SamrConnect SamrCloseHandle SamrSetSecurityObject SamrQuerySecurityObject \
            SamrShutdownSamServer SamrLookupDomainInSamServer SamrEnumerateDomainsInSamServer SamrOpenDomain \
            SamrQueryInformationDomain SamrSetInformationDomain SamrCreateGroupInDomain \
            SamrEnumerateGroupsInDomain SamrCreateUserInDomain SamrEnumerateUsersInDomain \
            SamrCreateAliasInDomain SamrEnumerateAliasesInDomain SamrGetAliasMembership SamrLookupNamesInDomain \
            SamrLookupIdsInDomain SamrOpenGroup SamrQueryInformationGroup SamrSetInformationGroup \
            SamrAddMemberToGroup SamrDeleteGroup SamrRemoveMemberFromGroup SamrGetMembersInGroup \
            SamrSetMemberAttributesOfGroup SamrOpenAlias SamrQueryInformationAlias SamrSetInformationAlias \
            SamrDeleteAlias SamrAddMemberToAlias SamrRemoveMemberFromAlias SamrGetMembersInAlias SamrOpenUser \
            SamrDeleteUser SamrQueryInformationUser SamrSetInformationUser SamrChangePasswordUser \
            SamrGetGroupsForUser SamrQueryDisplayInformation SamrGetDisplayEnumerationIndex \
            SamrTestPrivateFunctionsDomain SamrTestPrivateFunctionsUser SamrGetUserDomainPasswordInformation \
            SamrRemoveMemberFromForeignDomain SamrQueryInformationDomain2 SamrQueryInformationUser2 \
            SamrQueryDisplayInformation2 SamrGetDisplayEnumerationIndex2 SamrCreateUser2InDomain \
            SamrQueryDisplayInformation3 SamrAddMultipleMembersToAlias SamrRemoveMultipleMembersFromAlias \
            SamrOemChangePasswordUser2 SamrUnicodeChangePasswordUser2 SamrGetDomainPasswordInformation \
            SamrConnect2 SamrSetInformationUser2 SamrSetBootKeyInformation SamrGetBootKeyInformation SamrConnect3 \
            SamrConnect4 SamrUnicodeChangePasswordUser3 SamrConnect5 SamrRidToSid SamrSetDSRMPassword \
            SamrValidatePassword",
    },
    Service {
        uuid: "12345678-1234-abcd-ef00-01234567cffb",
        name: "netlogon",
        first: 0,
        procedures: "NetrLogonUasLogon NetrLogonUasLogoff NetrLogonSamLogon NetrLogonSamLogoff \
            NetrServerReqChallenge NetrServerAuthenticate NetrServerPasswordSet NetrDatabaseDeltas \
            NetrDatabaseSync NetrAccountDeltas NetrAccountSync NetrGetDCName NetrLogonControl NetrGetAnyDCName \
            NetrLogonControl2 NetrServerAuthenticate2 NetrDatabaseSync2 NetrDatabaseRedo NetrLogonControl2Ex \
            NetrEnumerateTrustedDomains DsrGetDcName NetrLogonGetCapabilities NetrLogonSetServiceBits \
            NetrLogonGetTrustRid NetrLogonComputeServerDigest NetrLogonComputeClientDigest \
            NetrServerAuthenticate3 DsrGetDcNameEx DsrGetSiteName NetrLogonGetDomainInfo NetrServerPasswordSet2 \
            NetrServerPasswordGet NetrLogonSendToSam DsrAddressToSiteNamesW DsrGetDcNameEx2 \
            NetrLogonGetTimeServiceParentDomain NetrEnumerateTrustedDomainsEx DsrAddressToSiteNamesExW \
            DsrGetDcSiteCoverageW NetrLogonSamLogonEx DsrEnumerateDomainTrusts DsrDeregisterDnsHostRecords \
            NetrServerTrustPasswordsGet DsrGetForestTrustInformation NetrGetForestTrustInformation \
            NetrLogonSamLogonWithFlags NetrServerGetTrustInfo",
    },
    Service {
        uuid: "e3514235-4b06-11d1-ab04-00c04fc2dcd2",
        name: "drsuapi",
        first: 0,
        procedures: "DRSBind DRSUnbind DRSReplicaSync DRSGetNCChanges DRSUpdateRefs DRSReplicaAdd DRSReplicaDel \
            DRSReplicaModify DRSVerifyNames DRSGetMemberships DRSInterDomainMove DRSGetNT4ChangeLog DRSCrackNames \
            DRSWriteSPN DRSRemoveDsServer DRSRemoveDsDomain DRSDomainControllerInfo DRSAddEntry DRSExecuteKCC \
            DRSGetReplInfo DRSAddSidHistory DRSGetMemberships2 DRSReplicaVerifyObjects DRSGetObjectExistence \
            DRSQuerySitesByCost DRSInitDemotion DRSReplicaDemotion DRSFinishDemotion DRSAddCloneDC",
    },
    Service {
        uuid: "4b324fc8-1670-01d3-1278-5a47bf6ee188",
        name: "srvsvc",
        first: 8,
        procedures: "NetrConnectionEnum NetrFileEnum NetrFileGetInfo NetrFileClose NetrSessionEnum NetrSessionDel \
            NetrShareAdd NetrShareEnum NetrShareGetInfo NetrShareSetInfo NetrShareDel NetrShareDelSticky \
            NetrShareCheck NetrServerGetInfo NetrServerSetInfo NetrServerDiskEnum NetrServerStatisticsGet \
            NetrServerTransportAdd NetrServerTransportEnum NetrServerTransportDel NetrRemoteTOD - \
            NetprPathType NetprPathCanonicalize NetprPathCompare NetprNameValidate NetprNameCanonicalize \
            NetprNameCompare NetrShareEnumSticky NetrShareDelStart NetrShareDelCommit NetrpGetFileSecurity \
            NetrpSetFileSecurity NetrServerTransportAddEx - NetrDfsGetVersion NetrDfsCreateLocalPartition \
            NetrDfsDeleteLocalPartition NetrDfsSetLocalVolumeState - NetrDfsCreateExitPoint \
            NetrDfsDeleteExitPoint NetrDfsModifyPrefix NetrDfsFixLocalVolume NetrDfsManagerReportSiteInfo \
            NetrServerTransportDelEx NetrServerAliasAdd NetrServerAliasEnum NetrServerAliasDel NetrShareDelEx",
    },
    Service {
        uuid: "6bffd098-a112-3610-9833-46c3f87e345a",
        name: "wkssvc",
        first: 0,
        procedures: "NetrWkstaGetInfo NetrWkstaSetInfo NetrWkstaUserEnum NetrWkstaUserGetInfo \
            NetrWkstaUserSetInfo NetrWkstaTransportEnum NetrWkstaTransportAdd NetrWkstaTransportDel NetrUseAdd \
            NetrUseGetInfo NetrUseDel NetrUseEnum NetrMessageBufferSend NetrWorkstationStatisticsGet \
            NetrLogonDomainNameAdd NetrLogonDomainNameDel NetrJoinDomain NetrUnjoinDomain \
            NetrRenameMachineInDomain NetrValidateName NetrGetJoinInformation NetrGetJoinableOUs \
            NetrJoinDomain2 NetrUnjoinDomain2 NetrRenameMachineInDomain2 NetrValidateName2 NetrGetJoinableOUs2 \
            NetrAddAlternateComputerName NetrRemoveAlternateComputerName NetrSetPrimaryComputerName \
            NetrEnumerateComputerNames",
    },
    Service {
        uuid: "338cd001-2244-31f1-aaaa-900038001003",
        name: "winreg",
        first: 0,
        procedures: "OpenClassesRoot OpenCurrentUser OpenLocalMachine OpenPerformanceData OpenUsers BaseRegCloseKey \
            BaseRegCreateKey BaseRegDeleteKey BaseRegDeleteValue BaseRegEnumKey BaseRegEnumValue BaseRegFlushKey \
            BaseRegGetKeySecurity BaseRegLoadKey BaseRegNotifyChangeKeyValue BaseRegOpenKey BaseRegQueryInfoKey \
            BaseRegQueryValue BaseRegReplaceKey BaseRegRestoreKey BaseRegSaveKey BaseRegSetKeySecurity \
            BaseRegSetValue BaseRegUnLoadKey BaseInitiateSystemShutdown BaseAbortSystemShutdown \
            BaseRegGetVersion OpenCurrentConfig OpenDynData BaseRegQueryMultipleValues \
            BaseInitiateSystemShutdownEx BaseRegSaveKeyEx OpenPerformanceText OpenPerformanceNlsText \
            BaseRegQueryMultipleValues2 BaseRegDeleteKeyEx",
    },
    Service {
        uuid: "12345678-1234-abcd-ef00-0123456789ab",
        name: "spoolss",
        first: 0,
        procedures: "RpcEnumPrinters RpcOpenPrinter RpcSetJob RpcGetJob RpcEnumJobs RpcAddPrinter RpcDeletePrinter \
            RpcSetPrinter RpcGetPrinter RpcAddPrinterDriver RpcEnumPrinterDrivers RpcGetPrinterDriver \
            RpcGetPrinterDriverDirectory RpcDeletePrinterDriver RpcAddPrintProcessor RpcEnumPrintProcessors \
            RpcGetPrintProcessorDirectory RpcStartDocPrinter RpcStartPagePrinter RpcWritePrinter \
            RpcEndPagePrinter RpcAbortPrinter RpcReadPrinter RpcEndDocPrinter RpcAddJob RpcScheduleJob \
            RpcGetPrinterData RpcSetPrinterData RpcWaitForPrinterChange RpcClosePrinter",
    },
    Service {
        uuid: "76f03f96-cdfd-44fc-a22c-64950a001209",
        name: "IRemoteWinspool",
        first: 0,
        procedures: "RpcAsyncOpenPrinter RpcAsyncAddPrinter",
    },
    Service {
        uuid: "c681d488-d850-11d0-8c52-00c04fd90f7e",
        name: "efsrpc",
        first: 0,
        procedures: "EfsRpcOpenFileRaw EfsRpcReadFileRaw EfsRpcWriteFileRaw EfsRpcCloseRaw EfsRpcEncryptFileSrv \
            EfsRpcDecryptFileSrv EfsRpcQueryUsersOnFile EfsRpcQueryRecoveryAgents EfsRpcRemoveUsersFromFile \
            EfsRpcAddUsersToFile - EfsRpcNotSupported EfsRpcFileKeyInfo EfsRpcDuplicateEncryptionInfoFile",
    },
    Service {
        uuid: "4fc742e0-4a10-11cf-8273-00aa004ae673",
        name: "netdfs",
        first: 0,
        procedures: "NetrDfsManagerGetVersion NetrDfsAdd NetrDfsRemove NetrDfsSetInfo NetrDfsGetInfo NetrDfsEnum \
            NetrDfsMove - - NetrDfsManagerSendSiteInfo NetrDfsAddFtRoot NetrDfsRemoveFtRoot NetrDfsAddStdRoot \
            NetrDfsRemoveStdRoot NetrDfsManagerInitialize NetrDfsAddStdRootForced NetrDfsGetDcAddress \
            NetrDfsSetDcAddress NetrDfsFlushFtTable NetrDfsAdd2 NetrDfsRemove2 NetrDfsEnumEx NetrDfsSetInfo2",
    },
    Service {
        uuid: "82273fdc-e32a-18c3-3f78-827929dc23ea",
        name: "eventlog",
        first: 0,
        procedures: "ElfrClearELFW ElfrBackupELFW ElfrCloseEL ElfrDeregisterEventSource ElfrNumberOfRecords \
            ElfrOldestRecord ElfrChangeNotify ElfrOpenELW ElfrRegisterEventSourceW ElfrOpenBELW ElfrReadELW \
            ElfrReportEventW ElfrClearELFA",
    },
    Service {
        uuid: "894de0c0-0d55-11d3-a322-00c04fa321a1",
        name: "InitShutdown",
        first: 0,
        procedures: "BaseInitiateShutdown BaseAbortShutdown BaseInitiateShutdownEx",
    },
    Service {
        uuid: "3dde7c30-165d-11d1-ab8f-00805f14db40",
        name: "BackupKey",
        first: 0,
        procedures: "BackuprKey",
    },
    Service {
        uuid: "91ae6020-9e3c-11cf-8d7c-00aa00c091be",
        name: "ICertPassage",
        first: 0,
        procedures: "CertServerRequest",
    },
    Service {
        uuid: "3919286a-b10c-11d0-9ba8-00c04fd92ef5",
        name: "dssetup",
        first: 0,
        procedures: "DsRolerGetPrimaryDomainInformation",
    },
    Service {
        uuid: "f5cc5a18-4264-101a-8c59-08002b2f8426",
        name: "nspi",
        first: 0,
        procedures: "NspiBind NspiUnbind NspiUpdateStat NspiQueryRows NspiSeekEntries NspiGetMatches \
            NspiResortRestriction NspiDNToMId NspiGetPropList NspiGetProps",
    },
    Service {
        uuid: "50abc2a4-574d-40b3-9d66-ee4fd5fba076",
        name: "dnsserver",
        first: 0,
        procedures: "DnssrvOperation DnssrvQuery DnssrvComplexOperation DnssrvEnumRecords DnssrvUpdateRecord \
            DnssrvOperation2 DnssrvQuery2 DnssrvComplexOperation2 DnssrvEnumRecords2 DnssrvUpdateRecord2",
    },
];
