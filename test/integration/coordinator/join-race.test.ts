import { joinRaceContract } from '../../contract/join-race.contract.ts';

joinRaceContract(100, 60_000);
